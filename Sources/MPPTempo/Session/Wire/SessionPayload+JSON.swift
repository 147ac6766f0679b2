import EVM
public import MPPCore
import Tempo

extension SessionPayload {
  /// Stage A, then stage B, in the order of `04` §7.2; the first failure is the one reported.
  public init(parsing value: JSONValue) throws(SessionPayloadError) {
    try self.init(SessionPayloadSchema(parsing: value))
  }

  /// Stage B: strict formats, required descriptor, amounts within uint96.
  public init(_ schema: SessionPayloadSchema) throws(SessionPayloadError) {
    guard let channelID = try? Hash32(hex: schema.channelID) else {
      throw .invalid(reason: "invalid session credential channelId")
    }
    switch schema.action {
    case .open:
      let descriptor = try Self.descriptor(schema)
      self = .open(
        Open(
          channelID: channelID, descriptor: descriptor, transaction: Self.bytes(schema.transaction),
          cumulativeAmount: try Self.amount(schema.cumulativeAmount, "cumulativeAmount"),
          signature: Self.bytes(schema.signature), authorizedSigner: try Self.authorizedSigner(schema),
          authorizationSignature: schema.authorizationSignature.map(Self.bytes)))
    case .topUp:
      let descriptor = try Self.descriptor(schema)
      self = .topUp(
        TopUp(
          channelID: channelID, descriptor: descriptor, transaction: Self.bytes(schema.transaction),
          additionalDeposit: try Self.amount(schema.additionalDeposit, "additionalDeposit")))
    case .voucher:
      let descriptor = try Self.descriptor(schema)
      self = .voucher(
        VoucherPayload(
          channelID: channelID, descriptor: descriptor,
          cumulativeAmount: try Self.amount(schema.cumulativeAmount, "cumulativeAmount"),
          signature: Self.bytes(schema.signature),
          authorizationSignature: schema.authorizationSignature.map(Self.bytes)))
    case .close:
      let descriptor = try Self.descriptor(schema)
      self = .close(
        Close(
          channelID: channelID, descriptor: descriptor,
          cumulativeAmount: try Self.amount(schema.cumulativeAmount, "cumulativeAmount"),
          signature: Self.bytes(schema.signature),
          authorizationSignature: schema.authorizationSignature.map(Self.bytes),
          refundSignature: schema.refundSignature.map(Self.bytes)))
    }
  }

  /// Longest amount text that is converted: the digits of the largest uint96.
  static let maxAmountDigits = 29

  private static func descriptor(
    _ schema: SessionPayloadSchema
  ) throws(SessionPayloadError) -> ChannelDescriptor {
    do {
      return try ChannelDescriptor(parsing: schema.descriptor)
    } catch {
      switch error {
      case .missing: throw .invalid(reason: "descriptor required for TIP-1034 session action")
      case .invalid(let field):
        throw .invalid(reason: "invalid session credential descriptor.\(field)")
      }
    }
  }

  private static func amount(_ text: String?, _ field: String) throws(SessionPayloadError) -> Amount {
    guard let text, WireText.isDigits(text) else {
      throw .invalid(reason: "invalid session credential \(field)")
    }
    guard text.utf8.count <= maxAmountDigits, let amount = try? Amount(baseUnits: text),
      amount <= .maxUInt96
    else { throw .invalid(reason: "\(field) exceeds uint96") }
    return amount
  }

  private static func authorizedSigner(
    _ schema: SessionPayloadSchema
  ) throws(SessionPayloadError) -> Address? {
    guard let value = schema.authorizedSigner else { return nil }
    guard let address = value.stringValue.flatMap({ try? Address(hex: $0) }) else {
      throw .invalid(reason: "invalid session credential authorizedSigner")
    }
    return address
  }

  private static func bytes(_ text: String?) -> [UInt8] {
    text.flatMap { try? Hex.decode($0) } ?? []
  }

  /// The payload object, members in the order of `04` §7.1.
  public var jsonValue: JSONValue {
    var members: [JSONValue.Member] = []
    func add(_ key: String, _ value: JSONValue) { members.append(.init(key: key, value: value)) }
    func add(_ key: String, bytes: [UInt8]?) {
      if let bytes { add(key, .string(Hex.encode(bytes))) }
    }
    add("action", .string(action.rawValue))
    if action == .open || action == .topUp { add("type", .string("transaction")) }
    add("channelId", .string(channelID.hex))
    switch self {
    case .open(let payload):
      add("transaction", bytes: payload.transaction)
      add("signature", bytes: payload.signature)
      add("descriptor", payload.descriptor.jsonValue)
      add("cumulativeAmount", .string(payload.cumulativeAmount.description))
      if let signer = payload.authorizedSigner { add("authorizedSigner", .string(signer.checksummed)) }
      add("authorizationSignature", bytes: payload.authorizationSignature)
    case .topUp(let payload):
      add("transaction", bytes: payload.transaction)
      add("descriptor", payload.descriptor.jsonValue)
      add("additionalDeposit", .string(payload.additionalDeposit.description))
    case .voucher(let payload):
      add("descriptor", payload.descriptor.jsonValue)
      add("cumulativeAmount", .string(payload.cumulativeAmount.description))
      add("signature", bytes: payload.signature)
      add("authorizationSignature", bytes: payload.authorizationSignature)
    case .close(let payload):
      add("descriptor", payload.descriptor.jsonValue)
      add("cumulativeAmount", .string(payload.cumulativeAmount.description))
      add("signature", bytes: payload.signature)
      add("authorizationSignature", bytes: payload.authorizationSignature)
      add("refundSignature", bytes: payload.refundSignature)
    }
    return .object(members)
  }
}
