public import EVM
public import MPPCore
public import Tempo

/// A transaction the client signed and may have handed out. While it can still be mined it is re-sent, never rebuilt.
public struct SignedAction: Sendable, Hashable {
  /// The signed bytes.
  public let transaction: [UInt8]
  /// Hash of the transaction. When a sponsor signs as well, the transaction that is mined may have another
  /// one.
  public let hash: Hash32
  /// Deposit or additional deposit it carries.
  public let amount: Amount
  /// The chain refuses it from this moment on.
  public let validBefore: Timestamp

  /// - Parameters:
  ///   - amount: base units.
  ///   - validBefore: the same second as in the transaction.
  public init(transaction: [UInt8], hash: Hash32, amount: Amount, validBefore: Timestamp) {
    self.transaction = transaction
    self.hash = hash
    self.amount = amount
    self.validBefore = validBefore
  }

  /// Whether a block of this time shows its effect, or proves that it never will have one.
  public func isDecided(at blockTime: Timestamp) -> Bool { blockTime >= validBefore }
}

/// What the chain says about a channel at some block (`getChannelState`). A closed or unknown channel is all zero.
public struct ObservedChannel: Sendable, Hashable {
  /// Paid out to the payee in total, in base units.
  public let settled: Amount
  /// Paid in by the payer in total, in base units; zero when the channel is closed or unknown.
  public let deposit: Amount
  /// Seconds since 1970; nil when no close was requested.
  public let closeRequestedAt: Timestamp?
  /// Time of the block that was read. A block at or after a transaction's `validBefore` shows its effect or never will.
  public let blockTime: Timestamp

  /// - Parameter blockTime: time of the block the state was read at, not the time of the read.
  public init(settled: Amount, deposit: Amount, closeRequestedAt: Timestamp?, blockTime: Timestamp) {
    self.settled = settled
    self.deposit = deposit
    self.closeRequestedAt = closeRequestedAt
    self.blockTime = blockTime
  }
}

/// One channel as its payer sees it. A value; changed only by `applying(_:)` and by the functions of its account.
public struct ClientChannel: Sendable, Hashable {
  /// Where the channel is in its life, as its payer sees it.
  public enum Phase: String, Sendable, Hashable, CaseIterable {
    /// The opening transaction is signed; whether it lands is unknown. → open, abandoned, orphaned, closed
    case opening
    /// Usable for vouchers. → closing, orphaned, closeRequested, closed
    case open
    /// A cooperative close was signed; no further vouchers. → closeRequested, orphaned, closed
    case closing
    /// The server does not serve it any more, or we lost count: the deposit is to be recovered. → closeRequested, closed
    case orphaned
    /// The chain shows a close request: withdraw after the grace period. → orphaned, closed
    case closeRequested
    /// The chain shows no deposit. Final.
    case closed
    /// The opening transaction can no longer be mined and never was. Final.
    case abandoned
  }

  /// Whether the server is known to have the channel on record. The chain cannot tell: a channel that is open there may be unknown
  /// to a server that died over its opening, and a voucher alone would be refused by it.
  public enum Acknowledgement: Sendable, Hashable, CaseIterable {
    /// It has said nothing: the opening is presented again instead of a voucher alone. → refused, given
    case awaited
    /// It refused the opening of a channel that the chain shows: a voucher alone is tried. → given
    case refused
    /// It has answered for the channel. Final.
    case given
  }

  /// What can happen to a channel.
  public enum Event: Sendable, Hashable {
    /// The server acknowledged the opening with a receipt for exactly this opening, or a payment on the open channel with success.
    case openAcknowledged
    /// The server refused the opening itself, while the chain shows the channel.
    case openRefused
    /// The chain shows that the opening transaction failed: it can have no effect any more.
    case openReverted
    /// A top-up was signed; it may be handed out once this is stored. One at a time.
    case topUpPrepared(SignedAction)
    /// The top-up transaction expired, or its effect is in the deposit the chain shows.
    case topUpResolved
    /// The chain shows the transaction that closed the channel, and what it captured over the channel's whole life.
    case closeProven(captured: Amount)
    /// A cooperative close for this amount was signed.
    case closePrepared(Amount)
    /// The server answered that it does not know the channel, or considers it finished (U1).
    case disowned
    /// The chain was read; it decides over every belief.
    case observed(ObservedChannel)
    /// A receipt that passed every check of `05` §11.
    case receipt(spent: Amount, units: UInt64?)
  }

  /// Why an event was refused; the channel is unchanged then.
  public enum TransitionError: Error, Sendable, Hashable {
    /// The event has no meaning in this phase.
    case notAllowed(phase: Phase, event: String)
    /// The receipt claims more than was authorised (C27).
    case beyondAuthorized(Amount, authorized: Amount)
    /// A close amount above what was authorised would raise the exposure.
    case closeAboveAuthorized(Amount, authorized: Amount)
  }

  /// Follows from descriptor, escrow and chain; checked when a stored channel is read.
  public let channelID: Hash32
  /// The chain the channel lives on.
  public let chainID: UInt64
  /// The contract that holds the deposit.
  public let escrow: Address
  /// What the channel id is the hash of, and what every call about the channel must carry.
  public let descriptor: ChannelDescriptor
  /// The one origin this channel pays, as `scheme://host:port`.
  public let origin: String
  /// Where close and top-up are posted: the URL the channel was opened for (T27).
  public let resource: String
  /// When the opening was signed, or the channel was found on the chain, on this client's clock.
  public let createdAt: Timestamp

  /// Where the channel is in its life; changed by ``applying(_:)``.
  public package(set) var phase: Phase
  /// What the server has said about the channel; decides whether the opening goes with the next voucher.
  public package(set) var acknowledgement: Acknowledgement
  /// What was authorised, delivered, written off and deposited; what the next voucher may say follows from
  /// it.
  public package(set) var account: VoucherAccount
  /// Captured on chain, as last seen.
  public package(set) var settled: Amount
  /// S: the highest `spent` of a validated receipt. Shown, and used for nothing that raises a signature.
  public package(set) var spent: Amount
  /// The highest number of charges of a validated receipt. Shown, and used for nothing else.
  public package(set) var units: UInt64
  /// The opening transaction; nil for a channel that was found on the chain.
  public package(set) var opening: SignedAction?
  /// The top-up whose effect is still unknown; nil when there is none. No second one is signed meanwhile.
  public package(set) var topUp: SignedAction?
  /// Base units in total of the close that was signed last; nil before one.
  public package(set) var closeAmount: Amount?
  /// When the payer asked the chain to close, as last seen; nil when it has not, or the channel is closed.
  public package(set) var closeRequestedAt: Timestamp?
  /// The chain captured more than we remember signing (lost journal, or a leaked key), or the close captured more than
  /// was delivered or may have been.
  public package(set) var isDisputed: Bool
  /// Grows with every stored change.
  public package(set) var version: UInt64

  /// A channel whose opening was just signed.
  public init(
    channelID: Hash32, chainID: UInt64, escrow: Address, descriptor: ChannelDescriptor, origin: String,
    resource: String, opening: SignedAction?, account: VoucherAccount, phase: Phase = .opening,
    createdAt: Timestamp
  ) {
    self.channelID = channelID
    self.chainID = chainID
    self.escrow = escrow
    self.descriptor = descriptor
    self.origin = origin
    self.resource = resource
    self.createdAt = createdAt
    self.phase = phase
    self.acknowledgement = Self.acknowledgement(assumedIn: phase)
    self.account = account
    self.settled = .zero
    self.spent = .zero
    self.units = 0
    self.opening = opening
    self.topUp = nil
    self.closeAmount = nil
    self.closeRequestedAt = nil
    self.isDisputed = false
    self.version = 1
  }

  /// What is true in a phase of a channel nothing else is known about.
  static func acknowledgement(assumedIn phase: Phase) -> Acknowledgement {
    phase == .opening || phase == .abandoned ? .awaited : .given
  }

  /// Whether the server is known to have the channel on record.
  public var isAcknowledged: Bool { acknowledgement == .given }

  /// The opening that has to go with a voucher for `amount`; nil where the voucher goes alone.
  ///
  /// The bytes are those that were signed first. It is safe to present them again: the chain takes them once, and a server that
  /// took them before treats them as the voucher alone. An amount above what they deposit would be refused with them by any server.
  public func opening(with amount: Amount) -> SignedAction? {
    guard let opening, amount <= opening.amount else { return nil }
    return phase == .opening || phase == .open && acknowledgement == .awaited ? opening : nil
  }

  /// Whether money of the payer is, or may be, in the channel.
  public var mayHoldDeposit: Bool { phase != .closed && phase != .abandoned }

  /// What comes back at most once the channel is closed: the deposit less what was captured or may be.
  public var refundable: Amount {
    let claimed = max(settled, account.confirmed)
    guard mayHoldDeposit, account.deposit >= claimed else { return .zero }
    do { return try account.deposit.subtracting(claimed) } catch { return .zero }
  }
}
