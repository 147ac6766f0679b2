import EVM
public import MPPCore
import Tempo

extension SubscriptionRequest {
  /// Reads a challenge's request object. Throws on the first member that is missing or malformed; unknown
  /// members are dropped.
  public init(parsing value: JSONValue) throws(SubscriptionRequestError) {
    guard case .object = value else { throw SubscriptionRequestError("request") }
    let amountText = try Self.required(value, "amount")
    guard let amount = try? Amount(baseUnits: amountText), amountText.utf8.first != UInt8(ascii: "0") else {
      throw SubscriptionRequestError("amount")
    }
    let count = try Self.required(value, "periodCount")
    let unit = try Self.required(value, "periodUnit")
    guard let period = try? SubscriptionPeriod(count: count, unit: unit) else {
      throw SubscriptionRequestError("periodCount")
    }
    try self.init(
      amount: amount, currency: try Self.address(value, "currency"),
      recipient: try Self.address(value, "recipient"), period: period,
      subscriptionExpires: try Self.required(value, "subscriptionExpires"),
      description: try Self.text(value, "description"), externalID: try Self.text(value, "externalId"))
    guard let details = value["methodDetails"] else { return }
    guard case .object = details else { throw SubscriptionRequestError("methodDetails") }
    accessKey = try Self.accessKey(details["accessKey"])
    if let chain = details["chainId"] {
      guard let id = chain.intValue.flatMap(UInt64.init(exactly:)), id > 0 else {
        throw SubscriptionRequestError("chainId")
      }
      chainID = id
    }
  }

  /// The request object; members without a value are left out, addresses are in lower case.
  public var jsonValue: JSONValue {
    var members: [JSONValue.Member] = []
    func add(_ key: String, _ text: String?) {
      if let text { members.append(.init(key: key, value: .string(text))) }
    }
    add("amount", amount.description)
    add("currency", currency.hex)
    add("description", description)
    add("externalId", externalID)
    var details: [JSONValue.Member] = []
    if let accessKey {
      let key: JSONValue = [
        "accessKeyAddress": .string(accessKey.address.hex), "keyType": .string(accessKey.keyType.rpcName),
      ]
      details.append(.init(key: "accessKey", value: key))
    }
    if let chainID, let number = Int64(exactly: chainID) {
      details.append(.init(key: "chainId", value: .integer(number)))
    }
    if !details.isEmpty { members.append(.init(key: "methodDetails", value: .object(details))) }
    add("periodCount", String(period.count))
    add("periodUnit", period.unit.rawValue)
    add("recipient", recipient.hex)
    add("subscriptionExpires", subscriptionExpires)
    return .object(members)
  }

  /// `{accessKeyAddress, keyType}`; nil when absent.
  static func accessKey(
    _ value: JSONValue?
  ) throws(SubscriptionRequestError) -> SubscriptionAccessKey? {
    guard let value else { return nil }
    guard let address = try? Address(hex: try required(value, "accessKeyAddress")) else {
      throw SubscriptionRequestError("accessKeyAddress")
    }
    guard let type = PrimitiveSignature.Kind(rpcName: try required(value, "keyType")) else {
      throw SubscriptionRequestError("keyType")
    }
    return SubscriptionAccessKey(address: address, keyType: type)
  }

  static func text(_ value: JSONValue, _ field: String) throws(SubscriptionRequestError) -> String? {
    guard let member = value[field] else { return nil }
    guard let text = member.stringValue else { throw SubscriptionRequestError(field) }
    return text
  }

  static func required(_ value: JSONValue, _ field: String) throws(SubscriptionRequestError) -> String {
    guard let text = try text(value, field) else { throw SubscriptionRequestError(field) }
    return text
  }

  private static func address(_ value: JSONValue, _ field: String) throws(SubscriptionRequestError) -> Address
  {
    guard let address = try? Address(hex: try required(value, field)) else {
      throw SubscriptionRequestError(field)
    }
    return address
  }
}
