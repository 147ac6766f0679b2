public import EVM
public import MPPCore

/// The request object of a subscription challenge (`07` §3.1), as it crosses the wire.
public struct SubscriptionRequest: Sendable, Hashable {
  /// What one period costs, base units, above zero.
  public var amount: Amount
  /// TIP-20 token.
  public var currency: Address
  /// Who is paid; the access key can pay nobody else.
  public var recipient: Address
  /// The time one payment is for.
  public var period: SubscriptionPeriod
  /// Until when, as spelt by the server: a binding compares this text, a signature the instant.
  public let subscriptionExpires: String
  /// ``subscriptionExpires`` as the chain will know it.
  public let expiry: SubscriptionExpiry
  /// For people; nothing is decided by it.
  public var description: String?
  /// The seller's own name for the subscription.
  public var externalID: String?
  /// The server's key that will be allowed to charge. Required on the wire; nil while a route is configured.
  public var accessKey: SubscriptionAccessKey?
  /// Required on the wire; nil while a route is configured. Never zero when parsed.
  public var chainID: UInt64?

  /// Throws when `subscriptionExpires` is no instant in whole seconds.
  public init(
    amount: Amount, currency: Address, recipient: Address, period: SubscriptionPeriod,
    subscriptionExpires: String, description: String? = nil, externalID: String? = nil,
    accessKey: SubscriptionAccessKey? = nil, chainID: UInt64? = nil
  ) throws(SubscriptionRequestError) {
    do {
      expiry = try SubscriptionExpiry(subscriptionExpires)
    } catch {
      throw SubscriptionRequestError("subscriptionExpires")
    }
    self.amount = amount
    self.currency = currency
    self.recipient = recipient
    self.period = period
    self.subscriptionExpires = subscriptionExpires
    self.description = description
    self.externalID = externalID
    self.accessKey = accessKey
    self.chainID = chainID
  }

  /// Refuses a request that cannot be signed for: the access key and the chain are named.
  public func requireServerFields() throws(SubscriptionRequestError) {
    guard accessKey != nil else { throw SubscriptionRequestError("accessKey") }
    guard chainID != nil else { throw SubscriptionRequestError("chainId") }
  }

  /// What a key authorization has to say.
  public var terms: SubscriptionTerms {
    SubscriptionTerms(
      amount: amount, currency: currency, recipient: recipient, periodCount: String(period.count),
      periodUnit: period.unit.rawValue, subscriptionExpires: subscriptionExpires)
  }
}

/// A subscription request that cannot be read or built; `field` is the wire name of the first wrong member.
public struct SubscriptionRequestError: Error, Sendable, Hashable, CustomStringConvertible {
  /// Wire name of the first wrong member, `request` for something that is no object.
  public let field: String
  /// - Parameter field: see ``field``.
  public init(_ field: String) { self.field = field }
  public var description: String { "invalid subscription request: \(field)" }
}
