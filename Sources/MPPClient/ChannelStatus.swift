public import MPPCore

/// A channel as `mpp sessions list` shows it. Amounts are base units of the token.
public struct ChannelStatus: Sendable, Hashable {
  /// `0x` and 64 hex digits.
  public let id: String
  /// The one origin the channel pays, as `scheme://host:port`.
  public let origin: String
  /// The URL the channel was opened for; close and top-up are sent there.
  public let resource: String
  /// `opening`, `open`, `closing`, `orphaned`, `closeRequested`, `closed`, `abandoned`.
  public let phase: String
  /// The chain the channel is on.
  public let chainID: UInt64
  /// Whose deposit it is: `0x` and 40 hex digits.
  public let payer: String
  /// Who is paid: `0x` and 40 hex digits.
  public let payee: String
  /// Of all amounts here: `0x` and 40 hex digits.
  public let token: String
  /// Deposited, top-ups included, or about to be; zero for a channel that is closed or was never opened.
  public let deposit: Amount
  /// Highest cumulative amount ever signed.
  public let authorized: Amount
  /// What was delivered, by this client's own count.
  public let delivered: Amount
  /// What the server's last good receipt said it has charged.
  public let spent: Amount
  /// Captured on chain, when last looked at.
  public let settled: Amount
  /// What comes back when the channel is closed, at most.
  public let refundable: Amount
  /// When a forced close was requested on chain, and when the deposit can be withdrawn.
  public let closeRequestedAt: Timestamp?
  /// When the payer can withdraw; nil while no forced close was requested.
  public let withdrawableAt: Timestamp?
  /// The chain captured more than this client remembers signing, or more than was delivered or may have been.
  public let isDisputed: Bool
  /// What recovery could not do, in words; nil when nothing is in the way.
  public var note: String?

  /// For ways to pay of your own. Amounts are base units of `token`.
  public init(
    id: String, origin: String, resource: String, phase: String, chainID: UInt64, payer: String,
    payee: String,
    token: String, deposit: Amount, authorized: Amount, delivered: Amount, spent: Amount, settled: Amount,
    refundable: Amount, closeRequestedAt: Timestamp?, withdrawableAt: Timestamp?, isDisputed: Bool,
    note: String? = nil
  ) {
    self.id = id
    self.origin = origin
    self.resource = resource
    self.phase = phase
    self.chainID = chainID
    self.payer = payer
    self.payee = payee
    self.token = token
    self.deposit = deposit
    self.authorized = authorized
    self.delivered = delivered
    self.spent = spent
    self.settled = settled
    self.refundable = refundable
    self.closeRequestedAt = closeRequestedAt
    self.withdrawableAt = withdrawableAt
    self.isDisputed = isDisputed
    self.note = note
  }
}

/// Which channels to close.
public enum ChannelSelection: Sendable, Hashable {
  /// Every channel that is open, being opened or being closed.
  case all
  /// One channel, `0x` and 64 hex digits, in any phase.
  case id(String)
  /// Channels that pay this origin.
  case origin(Origin)
}

/// How far `recover` goes.
public enum RecoveryScope: Sendable, Hashable {
  /// Reconcile everything; finish closes that were begun; get back the deposits of channels that cannot be used.
  case unusable
  /// The same, and close the usable channels too.
  case everything
}

/// How a close ended.
public struct CloseOutcome: Sendable {
  /// The channel's id, `0x` and 64 hex digits.
  public let channel: String
  /// The amount signed for the close, base units.
  public let amount: Amount
  /// The transaction that closed the channel.
  public let transaction: String?
  /// Paid to the payee over the channel's life, and returned to the payer, as the chain shows; nil when not seen yet.
  public let captured: Amount?
  /// Returned to the payer by the closing transaction, base units; nil when not seen yet.
  public let refunded: Amount?
  /// More was captured than this client received, or may have been charged for answers that were lost.
  public let isDisputed: Bool
  /// nil when the channel is closed.
  public let error: PaymentClientError?

  /// For ways to pay of your own. Amounts are base units.
  public init(
    channel: String, amount: Amount, transaction: String?, captured: Amount?, refunded: Amount?,
    isDisputed: Bool = false, error: PaymentClientError?
  ) {
    self.channel = channel
    self.amount = amount
    self.transaction = transaction
    self.captured = captured
    self.refunded = refunded
    self.isDisputed = isDisputed
    self.error = error
  }
}
