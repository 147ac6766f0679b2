import EVM
import MPPCore
import Tempo

/// A stored channel that cannot be read; `field` is the first wrong member.
public struct ClientChannelDecodingError: Error, Sendable, Hashable {
  /// Name of the member in the stored JSON; `json` for bytes that are no JSON at all.
  public let field: String
  /// - Parameter field: see ``field``.
  public init(field: String) { self.field = field }
}

extension ClientChannel {
  private static let schema: Int64 = 1

  /// The form in the journal: JSON, amounts as decimal strings. Requests in flight are not part of it.
  public func encoded() -> [UInt8] {
    var members: [JSONValue.Member] = []
    func add(_ key: String, _ value: JSONValue?) {
      if let value { members.append(JSONValue.Member(key: key, value: value)) }
    }
    add("schema", .integer(Self.schema))
    add("channelId", .string(channelID.hex))
    add("chainId", .string(String(chainID)))
    add("escrow", .string(escrow.hex))
    add("descriptor", descriptor.jsonValue)
    add("origin", .string(origin))
    add("resource", .string(resource))
    add("createdAt", .integer(createdAt.milliseconds))
    add("phase", .string(phase.rawValue))
    // Where nothing is written the phase says it, as in journals older than these members.
    let isAssumed = acknowledgement == Self.acknowledgement(assumedIn: phase)
    add("unacknowledged", isAssumed ? nil : .bool(!isAcknowledged))
    add("openingRefused", acknowledgement == .refused ? .bool(true) : nil)
    add("authorized", .string(account.authorized.description))
    add("delivered", .string(account.delivered.description))
    add("writtenOff", .string(account.writtenOff.description))
    add("deposit", .string(account.deposit.description))
    add("cap", .string(account.cap.description))
    add("settled", .string(settled.description))
    add("spent", .string(spent.description))
    add("units", .string(String(units)))
    add("opening", opening?.jsonValue)
    add("topUp", topUp?.jsonValue)
    add("closeAmount", closeAmount.map { .string($0.description) })
    add("closeRequestedAt", closeRequestedAt.map { .integer($0.milliseconds) })
    add("disputed", isDisputed ? .bool(true) : nil)
    add("version", .string(String(version)))
    return Array(JSONValue.object(members).serialized().utf8)
  }

  /// Reads and checks a stored channel: the id must follow from the descriptor, the numbers must agree (T33).
  public init(decoding bytes: [UInt8]) throws(ClientChannelDecodingError) {
    let reader = try Reader(bytes)
    guard try reader.integer("schema") == Self.schema else {
      throw ClientChannelDecodingError(field: "schema")
    }
    let descriptor: ChannelDescriptor
    do { descriptor = try ChannelDescriptor(parsing: reader.value["descriptor"]) } catch {
      throw ClientChannelDecodingError(field: "descriptor")
    }
    let escrow = try reader.address("escrow")
    guard let chainID = UInt64(try reader.text("chainId")) else {
      throw ClientChannelDecodingError(field: "chainId")
    }
    let channelID = try reader.hash("channelId")
    guard descriptor.channelID(escrow: escrow, chainID: chainID) == channelID else {
      throw ClientChannelDecodingError(field: "channelId")
    }
    let account: VoucherAccount
    do {
      account = try VoucherAccount(
        authorized: reader.amount("authorized"), delivered: reader.amount("delivered"),
        writtenOff: reader.amount("writtenOff"), deposit: reader.amount("deposit"), cap: reader.amount("cap"))
    } catch let error as ClientChannelDecodingError {
      throw error
    } catch {
      throw ClientChannelDecodingError(field: "authorized")
    }
    guard let phase = Phase(rawValue: try reader.text("phase")) else {
      throw ClientChannelDecodingError(field: "phase")
    }
    self.init(
      channelID: channelID, chainID: chainID, escrow: escrow, descriptor: descriptor,
      origin: try reader.text("origin"), resource: try reader.text("resource"),
      opening: try reader.action("opening"), account: account, phase: phase,
      createdAt: Timestamp(milliseconds: try reader.integer("createdAt")))
    settled = try reader.amount("settled")
    spent = try reader.amount("spent")
    guard let units = UInt64(try reader.text("units")) else {
      throw ClientChannelDecodingError(field: "units")
    }
    self.units = units
    topUp = try reader.action("topUp")
    closeAmount = reader.value["closeAmount"] == nil ? nil : try reader.amount("closeAmount")
    closeRequestedAt =
      reader.value["closeRequestedAt"] == nil
      ? nil : Timestamp(milliseconds: try reader.integer("closeRequestedAt"))
    isDisputed = try reader.flag("disputed") ?? false
    let isAcknowledged = try reader.flag("unacknowledged").map { !$0 } ?? self.isAcknowledged
    let isRefused = try reader.flag("openingRefused") ?? false
    guard !isRefused || !isAcknowledged else { throw ClientChannelDecodingError(field: "openingRefused") }
    acknowledgement = isAcknowledged ? .given : isRefused ? .refused : .awaited
    guard let version = UInt64(try reader.text("version")) else {
      throw ClientChannelDecodingError(field: "version")
    }
    self.version = version
    guard spent <= account.authorized, (closeAmount ?? .zero) <= account.authorized else {
      throw ClientChannelDecodingError(field: "spent")
    }
  }
}

extension SignedAction {
  fileprivate var jsonValue: JSONValue {
    .object([
      JSONValue.Member(key: "transaction", value: .string(Hex.encode(transaction))),
      JSONValue.Member(key: "hash", value: .string(hash.hex)),
      JSONValue.Member(key: "amount", value: .string(amount.description)),
      JSONValue.Member(key: "validBefore", value: .integer(validBefore.milliseconds)),
    ])
  }
}

private struct Reader {
  let value: JSONValue

  init(_ bytes: [UInt8]) throws(ClientChannelDecodingError) {
    do { value = try JSONValue(parsing: bytes) } catch { throw ClientChannelDecodingError(field: "json") }
  }

  private init(value: JSONValue) { self.value = value }

  func text(_ key: String) throws(ClientChannelDecodingError) -> String {
    guard let text = value[key]?.stringValue else { throw ClientChannelDecodingError(field: key) }
    return text
  }

  func integer(_ key: String) throws(ClientChannelDecodingError) -> Int64 {
    guard let number = value[key]?.intValue else { throw ClientChannelDecodingError(field: key) }
    return number
  }

  func flag(_ key: String) throws(ClientChannelDecodingError) -> Bool? {
    guard let member = value[key] else { return nil }
    guard let flag = member.boolValue else { throw ClientChannelDecodingError(field: key) }
    return flag
  }

  func amount(_ key: String) throws(ClientChannelDecodingError) -> Amount {
    do { return try Amount(baseUnits: text(key)) } catch { throw ClientChannelDecodingError(field: key) }
  }

  func hash(_ key: String) throws(ClientChannelDecodingError) -> Hash32 {
    do { return try Hash32(hex: text(key)) } catch { throw ClientChannelDecodingError(field: key) }
  }

  func address(_ key: String) throws(ClientChannelDecodingError) -> Address {
    do { return try Address(hex: text(key)) } catch { throw ClientChannelDecodingError(field: key) }
  }

  func action(_ key: String) throws(ClientChannelDecodingError) -> SignedAction? {
    guard let member = value[key] else { return nil }
    let reader = Reader(value: member)
    let transaction: [UInt8]
    do { transaction = try Hex.decode(reader.text("transaction")) } catch {
      throw ClientChannelDecodingError(field: key)
    }
    return SignedAction(
      transaction: transaction, hash: try reader.hash("hash"), amount: try reader.amount("amount"),
      validBefore: Timestamp(milliseconds: try reader.integer("validBefore")))
  }
}
