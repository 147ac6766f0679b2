public import EVM
public import MPPCore

/// What a subscription costs, as a key authorization expresses it (`07` §3.1, §7).
///
/// Period and expiry are the texts of the request: an authorization is checked against them in an order in which
/// they can turn out to be wrong late (`07` §11).
public struct SubscriptionTerms: Sendable, Hashable {
  /// Base units for each period.
  public var amount: Amount
  public var currency: Address
  public var recipient: Address
  public var periodCount: String
  public var periodUnit: String
  public var subscriptionExpires: String

  public init(
    amount: Amount, currency: Address, recipient: Address, periodCount: String, periodUnit: String,
    subscriptionExpires: String
  ) {
    self.amount = amount
    self.currency = currency
    self.recipient = recipient
    self.periodCount = periodCount
    self.periodUnit = periodUnit
    self.subscriptionExpires = subscriptionExpires
  }

  public init(
    amount: Amount, currency: Address, recipient: Address, period: SubscriptionPeriod,
    expiry: SubscriptionExpiry
  ) {
    self.init(
      amount: amount, currency: currency, recipient: recipient, periodCount: String(period.count),
      periodUnit: period.unit.rawValue, subscriptionExpires: expiry.text)
  }

  public func period() throws(SubscriptionError) -> SubscriptionPeriod {
    try SubscriptionPeriod(count: periodCount, unit: periodUnit)
  }

  public func expiry() throws(SubscriptionError) -> SubscriptionExpiry {
    try SubscriptionExpiry(subscriptionExpires)
  }
}
