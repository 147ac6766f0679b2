public import EVM
public import MPPCore

/// What a subscription costs, as a key authorization expresses it (`07` §3.1, §7).
///
/// Period and expiry are the texts of the request: an authorization is checked against them in an order in which
/// they can turn out to be wrong late (`07` §11).
public struct SubscriptionTerms: Sendable, Hashable {
  /// Base units for each period.
  public var amount: Amount
  /// The token that is limited and the contract that may be called.
  public var currency: Address
  /// The only account the key may pay.
  public var recipient: Address
  /// Decimal text; read by ``period()``.
  public var periodCount: String
  /// `day`, `week` or `dev_second`; read by ``period()``.
  public var periodUnit: String
  /// RFC 3339 text; read by ``expiry()``.
  public var subscriptionExpires: String

  /// The texts are kept as they are; ``period()`` and ``expiry()`` read them.
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

  /// Terms whose period and expiry are known to be valid.
  public init(
    amount: Amount, currency: Address, recipient: Address, period: SubscriptionPeriod,
    expiry: SubscriptionExpiry
  ) {
    self.init(
      amount: amount, currency: currency, recipient: recipient, periodCount: String(period.count),
      periodUnit: period.unit.rawValue, subscriptionExpires: expiry.text)
  }

  /// - Throws: when count or unit cannot be read, or the period has more seconds than 64 bits hold.
  public func period() throws(SubscriptionError) -> SubscriptionPeriod {
    try SubscriptionPeriod(count: periodCount, unit: periodUnit)
  }

  /// - Throws: when the text is no instant in whole seconds between 1970 and the year 9999.
  public func expiry() throws(SubscriptionError) -> SubscriptionExpiry {
    try SubscriptionExpiry(subscriptionExpires)
  }
}
