public import MPPCore

/// Stage A of reading a session payload (`04` §7.2): the generic schema, on texts. Unknown members are
/// dropped, the descriptor is not looked at.
public struct SessionPayloadSchema: Sendable, Hashable {
  /// Decides which of the other members are read; those of another action are nil.
  public let action: SessionAction
  /// `0x` and 64 hexadecimal digits.
  public let channelID: String
  /// `transaction` for open and top-up.
  public let type: String?
  /// Decimal text in base units, range not checked yet; nil for a top-up.
  public let cumulativeAmount: String?
  /// Decimal text in base units, range not checked yet; only of a top-up.
  public let additionalDeposit: String?
  /// `0x` and any number of hexadecimal digits; nil for a top-up.
  public let signature: String?
  /// `0x` and any number of hexadecimal digits; only of an open and a top-up.
  public let transaction: String?
  /// As it came, of any type; only of an open.
  public let authorizedSigner: JSONValue?
  /// `0x` and hexadecimal digits; nil for a top-up and when absent.
  public let authorizationSignature: String?
  /// `0x` and hexadecimal digits; only of a close.
  public let refundSignature: String?
  /// As it came, of any type; nil when absent, which stage B refuses.
  public let descriptor: JSONValue?

  /// Throws ``SessionPayloadError/schema`` on the first member that is missing or malformed.
  public init(parsing value: JSONValue) throws(SessionPayloadError) {
    guard case .object = value,
      let action = value["action"]?.nameValue.flatMap(SessionAction.init(rawValue:)),
      let channelID = value["channelId"]?.stringValue, WireText.isHex(channelID, count: 64)
    else { throw .schema }
    self.action = action
    self.channelID = channelID
    let hasTransaction = action == .open || action == .topUp
    let hasVoucher = action != .topUp
    type = hasTransaction ? try Self.literal(value["type"], "transaction") : nil
    transaction = hasTransaction ? try Self.hex(value["transaction"], isRequired: true) : nil
    cumulativeAmount = hasVoucher ? try Self.decimal(value["cumulativeAmount"]) : nil
    signature = hasVoucher ? try Self.hex(value["signature"], isRequired: true) : nil
    additionalDeposit = hasVoucher ? nil : try Self.decimal(value["additionalDeposit"])
    authorizationSignature = hasVoucher ? try Self.hex(value["authorizationSignature"]) : nil
    refundSignature = action == .close ? try Self.hex(value["refundSignature"]) : nil
    authorizedSigner = action == .open ? value["authorizedSigner"] : nil
    descriptor = value["descriptor"]
  }

  private static func literal(_ value: JSONValue?, _ text: String) throws(SessionPayloadError) -> String {
    guard value?.isText(text) == true else { throw .schema }
    return text
  }

  private static func decimal(_ value: JSONValue?) throws(SessionPayloadError) -> String {
    guard let text = value?.stringValue, WireText.isDecimal(text) else { throw .schema }
    return text
  }

  private static func hex(
    _ value: JSONValue?, isRequired: Bool = false
  ) throws(SessionPayloadError) -> String? {
    guard let value else {
      if isRequired { throw .schema }
      return nil
    }
    guard let text = value.stringValue, WireText.isHex(text) else { throw .schema }
    return text
  }

  /// The payload with the members the schema knows.
  public var jsonValue: JSONValue {
    var members: [JSONValue.Member] = [.init(key: "action", value: .string(action.rawValue))]
    func add(_ key: String, _ text: String?) {
      if let text { members.append(.init(key: key, value: .string(text))) }
    }
    add("type", type)
    add("channelId", channelID)
    add("transaction", transaction)
    add("signature", signature)
    if let descriptor { members.append(.init(key: "descriptor", value: descriptor)) }
    add("cumulativeAmount", cumulativeAmount)
    add("additionalDeposit", additionalDeposit)
    if let authorizedSigner { members.append(.init(key: "authorizedSigner", value: authorizedSigner)) }
    add("authorizationSignature", authorizationSignature)
    add("refundSignature", refundSignature)
    return .object(members)
  }
}
