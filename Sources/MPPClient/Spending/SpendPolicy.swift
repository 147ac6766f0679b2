public import MPPCore

/// What a client may spend. It cannot be left out and has no unlimited form (C18).
///
/// Three limits always hold: the price of one request, the deposit of one channel, and the total authorised in a period.
/// Lists of origins, recipients and tokens narrow it further. No number a server sends widens any of them.
public struct SpendPolicy: Sendable, Hashable {
  /// The highest price of one request, in base units.
  public let maximumPrice: Amount
  /// The most that is deposited in one channel, top-ups included, and the most authorised on it; also where the channel was opened
  /// under a higher limit. Base units.
  public let maximumDeposit: Amount
  /// The most authorised in any stretch of `periodSeconds`, over all channels and charges, with the most that the fees of this
  /// client's own transactions can be. Getting deposits back is counted, and never refused. Base units.
  public let maximumTotal: Amount
  /// Length of the period of ``maximumTotal`` in seconds: above zero, at most a hundred years.
  public let periodSeconds: Int64
  /// A hundred years.
  private static let longestPeriod: Int64 = 3_155_760_000
  /// Origins that may be paid, as `https://host[:port]`; nil: any.
  public private(set) var origins: Set<Origin>?
  /// Recipients that may be paid, compared without regard to case; nil: any.
  public private(set) var recipients: Set<String>?
  /// Tokens that may be spent, on prices, deposits and fees, compared without regard to case; nil: any. Getting deposits back, which is
  /// never refused, may take its fee from another token that the account holds.
  public private(set) var tokens: Set<String>?
  /// Ways to pay that may be used, as `method/intent`; nil: all the client has.
  public private(set) var methods: Set<String>?

  /// Amounts are base units; origins, recipients, tokens and ways to pay are not restricted.
  ///
  /// - Throws: `refusedByPolicy` unless every limit is above zero and the period at most a hundred years.
  public init(
    maximumPrice: Amount, maximumDeposit: Amount, maximumTotal: Amount, periodSeconds: Int64
  ) throws(PaymentClientError) {
    guard maximumPrice > .zero, maximumDeposit > .zero, maximumTotal > .zero, periodSeconds > 0 else {
      throw PaymentClientError(.refusedByPolicy, "every limit of a spending policy is above zero")
    }
    // Sums of times must not overflow.
    guard periodSeconds <= Self.longestPeriod else {
      throw PaymentClientError(.refusedByPolicy, "a period is at most \(Self.longestPeriod) seconds")
    }
    self.maximumPrice = maximumPrice
    self.maximumDeposit = maximumDeposit
    self.maximumTotal = maximumTotal
    self.periodSeconds = periodSeconds
  }

  /// Up to `price` for one request and `perDay` in any 24 hours. Amounts are in whole tokens, such as `"0.10"`.
  /// - Parameter depositPerChannel: nil: as much as a day's total.
  /// - Parameter decimals: of the tokens in use; TIP-20 tokens have 6.
  /// - Throws: `refusedByPolicy` for a text that is not an amount above zero, or has more digits than
  ///   `decimals`.
  public static func upTo(
    _ price: String, perDay: String, depositPerChannel: String? = nil, decimals: Int = 6
  ) throws(PaymentClientError) -> SpendPolicy {
    let total = try amount(perDay, decimals)
    return try SpendPolicy(
      maximumPrice: amount(price, decimals),
      maximumDeposit: depositPerChannel.map { text throws(PaymentClientError) in try amount(text, decimals) }
        ?? total,
      maximumTotal: total, periodSeconds: 86_400)
  }

  /// The same limits for these origins only, each an absolute URL.
  ///
  /// - Throws: `invalidURL`. An empty list lets nobody be paid.
  public func paying(origins: [String]) throws(PaymentClientError) -> SpendPolicy {
    var copy = self
    var allowed: Set<Origin> = []
    for origin in origins { allowed.insert(try RequestURL(origin).origin) }
    copy.origins = allowed
    return copy
  }

  /// The same limits for these recipients only.
  public func paying(recipients: [String]) -> SpendPolicy {
    var copy = self
    copy.recipients = Set(recipients.map { $0.lowercased() })
    return copy
  }

  /// The same limits in these tokens only.
  public func paying(tokens: [String]) -> SpendPolicy {
    var copy = self
    copy.tokens = Set(tokens.map { $0.lowercased() })
    return copy
  }

  /// The same limits in these ways only, such as `tempo/charge`.
  public func paying(methods: [String]) -> SpendPolicy {
    var copy = self
    copy.methods = Set(methods)
    return copy
  }

  /// Whether the policy names a way to pay.
  public func allows(method: String, intent: String) -> Bool {
    guard let methods else { return true }
    let name = "\(method)/\(intent)"
    return methods.contains { $0.equalsBytes(of: name) }
  }

  /// Whether a token may be spent.
  /// - Parameter token: its address, as the method writes it.
  public func allows(token: String) -> Bool { tokens.map { $0.contains(token.lowercased()) } ?? true }

  /// Refuses an offer that is outside the policy, before anything is signed.
  /// - Throws: `refusedByPolicy`, with the limit in words. The period's total is not looked at here.
  public func check(_ offer: PaymentOffer, origin: Origin) throws(PaymentClientError) {
    let challenge = offer.challenge
    guard allows(method: challenge.method, intent: challenge.intent) else {
      throw .refusedByPolicy(
        "\(printable("\(challenge.method)/\(challenge.intent)", limit: 80)) is not an allowed way to pay")
    }
    guard offer.price <= maximumPrice else {
      throw .refusedByPolicy(
        "the price is \(offer.price), the limit for one request is \(maximumPrice) base units")
    }
    if let origins, !origins.contains(origin) { throw .refusedByPolicy("\(origin) is not an allowed origin") }
    if let recipients {
      for recipient in [offer.recipient] + offer.furtherRecipients
      where !recipients.contains(recipient.lowercased()) {
        throw .refusedByPolicy("\(printable(recipient, limit: 80)) is not an allowed recipient")
      }
    }
    guard allows(token: offer.token) else {
      throw .refusedByPolicy("\(printable(offer.token, limit: 80)) is not an allowed token")
    }
  }

  private static func amount(_ text: String, _ decimals: Int) throws(PaymentClientError) -> Amount {
    do {
      return try Amount(decimal: text, decimals: decimals)
    } catch {
      throw PaymentClientError(.refusedByPolicy, "\"\(text)\" is not an amount: \(error)", underlying: error)
    }
  }
}

/// The most one session may deposit; never above the policy's own limit.
public struct DepositLimit: Sendable, Hashable {
  /// Base units.
  public let amount: Amount
  /// - Parameter amount: base units; zero lets nothing be deposited.
  public init(_ amount: Amount) { self.amount = amount }
  /// In whole tokens, such as `"1"`.
  public static func upTo(_ text: String, decimals: Int = 6) throws(AmountError) -> DepositLimit {
    DepositLimit(try Amount(decimal: text, decimals: decimals))
  }
}

extension PaymentClientError {
  package static func refusedByPolicy(_ reason: String) -> PaymentClientError {
    PaymentClientError(.refusedByPolicy, reason)
  }
}
