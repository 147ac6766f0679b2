import EVM
public import MPPCore

extension SessionRequest {
  /// Reads a challenge's request object. Throws on the first member that is missing or malformed.
  public init(parsing value: JSONValue) throws(SessionRequestError) {
    guard case .object = value else { throw SessionRequestError("request") }
    guard let amount = try Self.amount(value, "amount") else { throw SessionRequestError("amount") }
    guard let currency = try Self.text(value, "currency") else { throw SessionRequestError("currency") }
    guard let unitType = try Self.text(value, "unitType") else { throw SessionRequestError("unitType") }
    self.init(
      amount: amount, currency: currency, recipient: try Self.text(value, "recipient"),
      unitType: unitType, suggestedDeposit: try Self.amount(value, "suggestedDeposit"),
      methodDetails: try MethodDetails(parsing: value["methodDetails"]))
  }

  /// The request object; members without a value are left out. Order does not matter, the challenge uses
  /// the canonical form.
  public var jsonValue: JSONValue {
    var members: [JSONValue.Member] = [
      .init(key: "amount", value: .string(amount.description)),
      .init(key: "currency", value: .string(currency)),
      .init(key: "methodDetails", value: methodDetails.jsonValue),
    ]
    if let recipient { members.append(.init(key: "recipient", value: .string(recipient))) }
    if let suggestedDeposit {
      members.append(.init(key: "suggestedDeposit", value: .string(suggestedDeposit.description)))
    }
    members.append(.init(key: "unitType", value: .string(unitType)))
    return .object(members)
  }

  static func text(_ value: JSONValue, _ field: String) throws(SessionRequestError) -> String? {
    guard let member = value[field] else { return nil }
    guard let text = member.stringValue else { throw SessionRequestError(field) }
    return text
  }

  static func amount(_ value: JSONValue, _ field: String) throws(SessionRequestError) -> Amount? {
    guard let text = try text(value, field) else { return nil }
    guard let amount = try? Amount(baseUnits: text) else { throw SessionRequestError(field) }
    return amount
  }

  static func flag(_ value: JSONValue, _ field: String) throws(SessionRequestError) -> Bool? {
    guard let member = value[field] else { return nil }
    guard let flag = member.boolValue else { throw SessionRequestError(field) }
    return flag
  }

  static func address(_ value: JSONValue, _ field: String) throws(SessionRequestError) -> SpelledAddress? {
    guard let text = try text(value, field) else { return nil }
    guard let address = try? SpelledAddress(text) else { throw SessionRequestError(field) }
    return address
  }
}

extension SessionRequest.MethodDetails {
  init(parsing value: JSONValue?) throws(SessionRequestError) {
    guard let value else {
      self.init()
      return
    }
    guard case .object = value else { throw SessionRequestError("methodDetails") }
    self.init()
    if let chainID = value["chainId"] {
      guard let number = chainID.intValue, let id = UInt64(exactly: number), id > 0 else {
        throw SessionRequestError("chainId")
      }
      self.chainID = id
    }
    escrowContract = try SessionRequest.address(value, "escrowContract")
    self.operator = try SessionRequest.address(value, "operator")
    feePayer = try SessionRequest.flag(value, "feePayer")
    feeToken = try SessionRequest.address(value, "feeToken")
    minVoucherDelta = try SessionRequest.amount(value, "minVoucherDelta")
    if let text = try SessionRequest.text(value, "channelId") {
      guard let id = try? Hash32(hex: text) else { throw SessionRequestError("channelId") }
      channelID = id
    }
    machineTokenEnabled = try SessionRequest.flag(value, "machineTokenEnabled")
    sessionProtocol = try SessionRequest.text(value, "sessionProtocol")
    sessionSnapshot = value["sessionSnapshot"]
  }

  var jsonValue: JSONValue {
    var members: [JSONValue.Member] = []
    if let chainID, let number = Int64(exactly: chainID) {
      members.append(.init(key: "chainId", value: .integer(number)))
    }
    if let channelID { members.append(.init(key: "channelId", value: .string(channelID.hex))) }
    if let escrowContract {
      members.append(.init(key: "escrowContract", value: .string(escrowContract.text)))
    }
    if let feePayer { members.append(.init(key: "feePayer", value: .bool(feePayer))) }
    if let feeToken { members.append(.init(key: "feeToken", value: .string(feeToken.text))) }
    if machineTokenEnabled == true { members.append(.init(key: "machineTokenEnabled", value: .bool(true))) }
    if let minVoucherDelta {
      members.append(.init(key: "minVoucherDelta", value: .string(minVoucherDelta.description)))
    }
    if let address = self.operator { members.append(.init(key: "operator", value: .string(address.text))) }
    if let sessionProtocol { members.append(.init(key: "sessionProtocol", value: .string(sessionProtocol))) }
    if let sessionSnapshot { members.append(.init(key: "sessionSnapshot", value: sessionSnapshot)) }
    return .object(members)
  }
}
