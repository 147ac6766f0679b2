import EVM
public import MPPCore

/// A subscription offer in the author's terms (`07` §3.2). ``wireRequest()`` checks all of it, so a mistake
/// shows when the route is made.
public struct SubscriptionRequestInput: Sendable, Hashable {
  /// What one period costs, in units of the token ("9.99").
  public var amount: String
  /// All lower case, or with the right checksum; the same for the recipient.
  public var currency: String
  /// Decimals of the token; not sent.
  public var decimals: Int
  /// Who is paid, under the same rule of spelling.
  public var recipient: String
  /// The time one payment is for.
  public var period: SubscriptionPeriod
  /// RFC 3339, whole seconds.
  public var subscriptionExpires: String
  public var description: String?
  /// The seller's own name for the subscription; nil: left out.
  public var externalID: String?
  /// The server's key that will be allowed to charge; nil: left out, which nobody can sign for.
  public var accessKey: SubscriptionAccessKey?
  /// Nil: left out, which nobody can sign for.
  public var chainID: UInt64?

  /// Nothing is checked before ``wireRequest()``.
  ///
  /// - Parameter decimals: decimals of the token, 6 for every TIP-20 token.
  public init(
    amount: String, currency: String, decimals: Int = 6, recipient: String, period: SubscriptionPeriod,
    subscriptionExpires: String, description: String? = nil, externalID: String? = nil,
    accessKey: SubscriptionAccessKey? = nil, chainID: UInt64? = nil
  ) {
    self.amount = amount
    self.currency = currency
    self.decimals = decimals
    self.recipient = recipient
    self.period = period
    self.subscriptionExpires = subscriptionExpires
    self.description = description
    self.externalID = externalID
    self.accessKey = accessKey
    self.chainID = chainID
  }

  /// Reads the options of an offer under the reference's names. `accessKey` and `chainId` may also lie in
  /// `methodDetails`; the outer ones win. A count may be a number. Unknown members are dropped.
  public init(options value: JSONValue, decimals: Int? = nil) throws(SubscriptionRequestError) {
    let details = value["methodDetails"]
    let unit = try SubscriptionRequest.required(value, "periodUnit")
    let count: String
    switch value["periodCount"] {
    case .integer(let number): count = String(number)
    case .string(let text): count = text
    default: throw SubscriptionRequestError("periodCount")
    }
    guard let period = try? SubscriptionPeriod(count: count, unit: unit) else {
      throw SubscriptionRequestError("periodCount")
    }
    self.init(
      amount: try SubscriptionRequest.required(value, "amount"),
      currency: try SubscriptionRequest.required(value, "currency"), decimals: decimals ?? 6,
      recipient: try SubscriptionRequest.required(value, "recipient"), period: period,
      subscriptionExpires: try SubscriptionRequest.required(value, "subscriptionExpires"),
      description: try SubscriptionRequest.text(value, "description"),
      externalID: try SubscriptionRequest.text(value, "externalId"),
      accessKey: try SubscriptionRequest.accessKey(value["accessKey"] ?? details?["accessKey"]))
    if let chain = value["chainId"] ?? details?["chainId"] {
      guard let id = chain.intValue.flatMap(UInt64.init(exactly:)), id > 0 else {
        throw SubscriptionRequestError("chainId")
      }
      chainID = id
    }
  }

  /// The wire form: base units, addresses in lower case, the end in UTC with milliseconds. Amounts of zero,
  /// with leading zeros, or with more digits than `decimals` are an error (`07` §3.3).
  public func wireRequest() throws(SubscriptionRequestError) -> SubscriptionRequest {
    let digits = Array(amount.utf8)
    guard let units = try? Amount(decimal: amount, decimals: decimals), units > .zero,
      digits[0] != UInt8(ascii: "0") || digits[1] == UInt8(ascii: ".")
    else { throw SubscriptionRequestError("amount") }
    guard let token = try? Address(checksummed: currency) else { throw SubscriptionRequestError("currency") }
    guard let payee = try? Address(checksummed: recipient) else {
      throw SubscriptionRequestError("recipient")
    }
    guard let expiry = try? SubscriptionExpiry(subscriptionExpires) else {
      throw SubscriptionRequestError("subscriptionExpires")
    }
    return try SubscriptionRequest(
      amount: units, currency: token, recipient: payee, period: period, subscriptionExpires: expiry.text,
      description: description, externalID: externalID, accessKey: accessKey, chainID: chainID)
  }
}
