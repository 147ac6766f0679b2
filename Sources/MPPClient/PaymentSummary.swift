public import MPPCore

/// What one request cost. Base units of the token.
public struct PaymentSummary: Sendable {
  /// The price the caller accepted and was counted; zero when the server did not deliver.
  public let amount: Amount
  /// The token's address, `0x` and 40 hex digits for Tempo.
  public let token: String
  /// As in the challenge: `tempo`.
  public let method: String
  /// As in the challenge: `session` or `charge`.
  public let intent: String
  /// The channel that paid, where there is one.
  public let channel: String?
  /// Cumulative amount of the voucher that went with the request.
  public let authorized: Amount
  /// What happened on the way, in order: `open`, `topUp`, `voucher`.
  public let actions: [String]
  /// nil when the server sent none.
  public let receipt: PaymentReceipt?
  /// What may have been paid without a delivery. ``PaymentClientError/Exposure/none`` when the server delivered.
  public let exposure: PaymentClientError.Exposure

  /// For ways to pay of your own. Amounts are base units.
  public init(
    amount: Amount, token: String, method: String, intent: String, channel: String?, authorized: Amount,
    actions: [String], receipt: PaymentReceipt?, exposure: PaymentClientError.Exposure = .none
  ) {
    self.exposure = exposure
    self.amount = amount
    self.token = token
    self.method = method
    self.intent = intent
    self.channel = channel
    self.authorized = authorized
    self.actions = actions
    self.receipt = receipt
  }
}

/// A receipt that names this request's challenge and channel and an amount within what was signed (C27).
public struct PaymentReceipt: Sendable, Hashable {
  /// What was paid through or with: a channel id, a transaction hash, or for a proof the challenge's id.
  public let reference: String
  /// The challenge this request answered; checked.
  public let challengeID: String
  /// Sessions: the highest amount the server has accepted, and what it has charged, both cumulative.
  public let accepted: Amount?
  /// Charged over the channel's life, base units; at most ``accepted``. nil for charges.
  public let spent: Amount?
  /// Units the server has counted on the channel; its own word. nil when it does not say, and for charges.
  public let units: UInt64?
  /// The transaction it stands for, `0x` and 64 hex digits.
  public let transaction: String?

  /// For ways to pay of your own, which check what they put in. Amounts are base units.
  public init(
    reference: String, challengeID: String, accepted: Amount?, spent: Amount?, units: UInt64?,
    transaction: String?
  ) {
    self.reference = reference
    self.challengeID = challengeID
    self.accepted = accepted
    self.spent = spent
    self.units = units
    self.transaction = transaction
  }
}
