import EVM
public import MPPCore
import Tempo

extension SessionSnapshot {
  /// Largest header value that is decoded (bytes).
  public static let maxHeaderBytes = 16 * 1024

  /// The `Payment-Session-Snapshot` field value: standard base64 with padding of the compact JSON, keys in
  /// the order of `04` §6.3.
  public func headerValue() -> String {
    Base64.encode(jsonValue.serialized().utf8)
  }

  /// Decodes a header value in either alphabet, padded or not. Any failure is an error, never a partial
  /// snapshot.
  public init(headerValue text: some StringProtocol) throws(SessionSnapshotError) {
    guard text.utf8.count <= Self.maxHeaderBytes, let bytes = try? Base64.decode(text),
      let value = try? JSONValue(parsing: bytes)
    else { throw SessionSnapshotError(nil) }
    try self.init(parsing: value)
  }

  /// Reads a snapshot object; unknown members are dropped, known ones are checked whole (C9).
  public init(parsing value: JSONValue) throws(SessionSnapshotError) {
    guard case .object = value else { throw SessionSnapshotError(nil) }
    let read = SnapshotReader(value: value)
    let descriptor: ChannelDescriptor
    do {
      descriptor = try ChannelDescriptor(parsing: value["descriptor"])
    } catch {
      throw SessionSnapshotError("descriptor")
    }
    let escrowText = try read.text("escrow")
    guard let escrow = try? Address(hex: escrowText) else { throw SessionSnapshotError("escrow") }
    let channelText = try read.text("channelId")
    guard let channelID = try? Hash32(hex: channelText) else { throw SessionSnapshotError("channelId") }
    self.init(
      acceptedCumulative: try read.amount("acceptedCumulative"), chainID: try read.chainID(),
      channelID: channelID, closeRequestedAt: try read.closeRequestedAt(),
      deposit: try read.amount("deposit"), descriptor: descriptor, escrow: escrow,
      highestVoucher: try read.voucher(), requiredCumulative: try read.amount("requiredCumulative"),
      settled: try read.amount("settled"), spent: try read.amount("spent"), units: try read.units())
    let voucher = value["highestVoucher"]
    spelling = Spelling(
      channelID: channelText, descriptor: read.descriptorTexts(), escrow: escrowText,
      voucherChannelID: voucher?["channelId"]?.stringValue,
      voucherSignature: voucher?["signature"]?.stringValue)
  }

  /// Members in the order of `04` §6.3; a parsed snapshot keeps the spelling it came with.
  public var jsonValue: JSONValue {
    var members: [JSONValue.Member] = []
    func add(_ key: String, _ value: JSONValue) { members.append(.init(key: key, value: value)) }
    func add(_ key: String, _ amount: Amount) { add(key, .string(amount.description)) }
    add("acceptedCumulative", acceptedCumulative)
    if let chain = Int64(exactly: chainID) { add("chainId", .integer(chain)) }
    add("channelId", .string(spelling?.channelID ?? channelID.hex))
    if let closeRequestedAt { add("closeRequestedAt", .string(closeRequestedAt)) }
    add("deposit", deposit)
    add("descriptor", descriptorValue)
    add("escrow", .string(spelling?.escrow ?? escrow.hex))
    if let voucher = highestVoucher {
      add(
        "highestVoucher",
        [
          "channelId": .string(spelling?.voucherChannelID ?? voucher.channelID.hex),
          "cumulativeAmount": .string(voucher.cumulativeAmount.description),
          "signature": .string(spelling?.voucherSignature ?? Hex.encode(voucher.signature)),
        ])
    }
    add("requiredCumulative", requiredCumulative)
    add("settled", settled)
    add("spent", spent)
    if let units { add("units", .integer(units)) }
    return .object(members)
  }

  private var descriptorValue: JSONValue {
    guard case .object(var members) = descriptor.jsonValue else { return descriptor.jsonValue }
    // The reference writes the payer as it was recovered, without a checksum.
    let texts = spelling?.descriptor ?? ["payer": descriptor.payer.hex]
    for index in members.indices {
      if let text = texts[members[index].key] { members[index].value = .string(text) }
    }
    return .object(members)
  }
}

/// Reads the members of a snapshot object.
struct SnapshotReader {
  let value: JSONValue

  func text(_ field: String) throws(SessionSnapshotError) -> String {
    guard let text = value[field]?.stringValue else { throw SessionSnapshotError(field) }
    return text
  }

  func amount(_ field: String) throws(SessionSnapshotError) -> Amount {
    try Self.amount(value[field], field)
  }

  static func amount(_ value: JSONValue?, _ field: String) throws(SessionSnapshotError) -> Amount {
    guard let text = value?.stringValue, WireText.isDigits(text),
      text.utf8.count <= SessionPayload.maxAmountDigits, let amount = try? Amount(baseUnits: text),
      amount <= .maxUInt96
    else { throw SessionSnapshotError(field) }
    return amount
  }

  func chainID() throws(SessionSnapshotError) -> UInt64 {
    guard let number = value["chainId"]?.intValue, let id = UInt64(exactly: number), id > 0 else {
      throw SessionSnapshotError("chainId")
    }
    return id
  }

  func closeRequestedAt() throws(SessionSnapshotError) -> String? {
    guard let member = value["closeRequestedAt"] else { return nil }
    guard let text = member.stringValue, WireText.isDigits(text), text.utf8.count <= 20 else {
      throw SessionSnapshotError("closeRequestedAt")
    }
    return text
  }

  func units() throws(SessionSnapshotError) -> Int64? {
    guard let member = value["units"] else { return nil }
    guard let units = member.intValue, units >= 0 else { throw SessionSnapshotError("units") }
    return units
  }

  func voucher() throws(SessionSnapshotError) -> SessionSnapshot.HighestVoucher? {
    guard let member = value["highestVoucher"] else { return nil }
    guard let id = member["channelId"]?.stringValue.flatMap({ try? Hash32(hex: $0) }),
      let text = member["signature"]?.stringValue, WireText.isHex(text),
      let signature = try? Hex.decode(text)
    else { throw SessionSnapshotError("highestVoucher") }
    return .init(
      channelID: id,
      cumulativeAmount: try Self.amount(member["cumulativeAmount"], "highestVoucher"),
      signature: signature)
  }

  private static let descriptorFields = [
    "authorizedSigner", "expiringNonceHash", "operator", "payee", "payer", "salt", "token",
  ]

  func descriptorTexts() -> [String: String] {
    var texts: [String: String] = [:]
    // Only keys of ours become keys of a dictionary.
    for name in Self.descriptorFields {
      if let text = value["descriptor"]?[name]?.stringValue { texts[name] = text }
    }
    return texts
  }
}
