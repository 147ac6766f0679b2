public import MPPCore

extension ChargeRequest {
  /// Reads a challenge's request object. Throws on the first member that is missing or malformed.
  public init(parsing value: JSONValue) throws(ChargeRequestError) {
    guard case .object = value else { throw ChargeRequestError("request") }
    guard let amount = try Self.amount(value, "amount") else { throw ChargeRequestError("amount") }
    guard let currency = try Self.text(value, "currency") else { throw ChargeRequestError("currency") }
    self.init(
      amount: amount, currency: currency, recipient: try Self.text(value, "recipient"),
      description: try Self.text(value, "description"), externalID: try Self.text(value, "externalId"),
      methodDetails: try MethodDetails(parsing: value["methodDetails"]))
  }

  /// The request object; members without a value are left out. Order does not matter, the challenge uses the canonical form.
  public var jsonValue: JSONValue {
    var members: [JSONValue.Member] = [
      .init(key: "amount", value: .string(amount.description)),
      .init(key: "currency", value: .string(currency)),
    ]
    if let description { members.append(.init(key: "description", value: .string(description))) }
    if let externalID { members.append(.init(key: "externalId", value: .string(externalID))) }
    if let details = methodDetails.jsonValue { members.append(.init(key: "methodDetails", value: details)) }
    if let recipient { members.append(.init(key: "recipient", value: .string(recipient))) }
    return .object(members)
  }

  static func text(_ value: JSONValue, _ field: String) throws(ChargeRequestError) -> String? {
    guard let member = value[field] else { return nil }
    guard let text = member.stringValue else { throw ChargeRequestError(field) }
    return text
  }

  /// Digits without leading zeros (`06` §1.2).
  static func amount(_ value: JSONValue, _ field: String) throws(ChargeRequestError) -> Amount? {
    guard let text = try text(value, field) else { return nil }
    guard text.utf8.first != 0x30 || text.utf8.count == 1, let amount = try? Amount(baseUnits: text) else {
      throw ChargeRequestError(field)
    }
    return amount
  }

  static func flag(_ value: JSONValue, _ field: String) throws(ChargeRequestError) -> Bool? {
    guard let member = value[field] else { return nil }
    guard let flag = member.boolValue else { throw ChargeRequestError(field) }
    return flag
  }

  static func memo(_ value: JSONValue) throws(ChargeRequestError) -> String? {
    guard let memo = try text(value, "memo") else { return nil }
    guard WireText.isHex(memo, count: 64) else { throw ChargeRequestError("memo") }
    return memo
  }

  static func modes(_ value: JSONValue?) throws(ChargeRequestError) -> [Mode]? {
    guard let value else { return nil }
    guard case .array(let entries) = value, !entries.isEmpty, entries.count <= 8 else {
      throw ChargeRequestError("supportedModes")
    }
    var modes: [Mode] = []
    for entry in entries {
      guard let mode = entry.nameValue.flatMap(Mode.init(rawValue:)) else {
        throw ChargeRequestError("supportedModes")
      }
      modes.append(mode)
    }
    return modes
  }
}

extension ChargeRequest.MethodDetails {
  init(parsing value: JSONValue?) throws(ChargeRequestError) {
    self.init()
    guard let value else { return }
    guard case .object = value else { throw ChargeRequestError("methodDetails") }
    if let chainID = value["chainId"] {
      guard let number = chainID.intValue, let id = UInt64(exactly: number), id > 0 else {
        throw ChargeRequestError("chainId")
      }
      self.chainID = id
    }
    feePayer = try ChargeRequest.flag(value, "feePayer")
    memoText = try ChargeRequest.memo(value)
    machineTokenEnabled = try ChargeRequest.flag(value, "machineTokenEnabled")
    supportedModes = try ChargeRequest.modes(value["supportedModes"])
    guard let member = value["splits"] else { return }
    guard case .array(let entries) = member, (1...ChargeRequest.maximumSplits).contains(entries.count) else {
      throw ChargeRequestError("splits")
    }
    for entry in entries {
      guard let amount = try ChargeRequest.amount(entry, "amount"), amount > .zero,
        let recipient = try ChargeRequest.text(entry, "recipient")
      else { throw ChargeRequestError("splits") }
      splits.append(
        ChargeRequest.Split(
          amount: amount, recipient: recipient, memoText: try ChargeRequest.memo(entry)))
    }
  }

  /// Nil when there is nothing to say.
  var jsonValue: JSONValue? {
    var members: [JSONValue.Member] = []
    if let chainID, let number = Int64(exactly: chainID) {
      members.append(.init(key: "chainId", value: .integer(number)))
    }
    if let feePayer { members.append(.init(key: "feePayer", value: .bool(feePayer))) }
    if let machineTokenEnabled {
      members.append(.init(key: "machineTokenEnabled", value: .bool(machineTokenEnabled)))
    }
    if let memoText { members.append(.init(key: "memo", value: .string(memoText))) }
    if !splits.isEmpty { members.append(.init(key: "splits", value: .array(splits.map(\.jsonValue)))) }
    if let supportedModes {
      members.append(
        .init(key: "supportedModes", value: .array(supportedModes.map { .string($0.rawValue) })))
    }
    return members.isEmpty ? nil : .object(members)
  }
}

extension ChargeRequest.Split {
  fileprivate var jsonValue: JSONValue {
    var members: [JSONValue.Member] = [.init(key: "amount", value: .string(amount.description))]
    if let memoText { members.append(.init(key: "memo", value: .string(memoText))) }
    members.append(.init(key: "recipient", value: .string(recipient)))
    return .object(members)
  }
}
