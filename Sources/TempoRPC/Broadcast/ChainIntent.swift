public import EVM
public import MPPCore

/// A signed transaction with an identity, journalled before it is sent.
///
/// The bytes never change: an ambiguous answer or a restart leads to the *same* bytes again, until they are
/// found on chain or are provably absent after `validBefore` (`11` §9).
public struct ChainIntent: Sendable, Equatable {
  /// What a transaction does. The numbers are stored: they never change.
  public enum Kind: UInt8, Sendable, CaseIterable {
    /// Opens a channel.
    case open = 1
    /// Adds to a channel's deposit.
    case topUp = 2
    /// Pays the payee of a channel.
    case settle = 3
    /// Pays the payee, refunds the payer, ends a channel.
    case close = 4
    /// The payer starts the grace period.
    case requestClose = 5
    /// The payer takes the rest after the grace period.
    case withdraw = 6
    /// A one-time payment.
    case charge = 7
    /// A payment of a subscription.
    case renew = 8
  }

  /// What the transaction is for. Two intents with one identity are one action.
  public struct Identity: Sendable, Hashable {
    /// What is done.
    public let kind: Kind
    /// The channel (or subscription).
    public let subject: Hash32
    /// Tells actions of one kind on one subject apart: the cumulative amount of a settlement, the hash of a
    /// top-up; zero where there can be only one.
    public let discriminator: Hash32

    /// - Parameter discriminator: zero where there can be only one action of this kind on the subject.
    public init(_ kind: Kind, _ subject: Hash32, _ discriminator: Hash32 = .zero) {
      self.kind = kind
      self.subject = subject
      self.discriminator = discriminator
    }

    /// 65 bytes: kind, subject, discriminator.
    public var bytes: [UInt8] { [kind.rawValue] + subject.bytes + discriminator.bytes }
  }

  /// How far the transaction has come; see ``mayBecome(_:)`` for the steps that a store takes.
  public enum State: Sendable, Hashable {
    /// Durable, and perhaps sent: → sent, included, rejected, expired
    case prepared
    /// A node has it, or may have it: → included, rejected, expired
    case sent
    /// On chain with its effect, not yet in our own records: → confirmed
    case included(block: UInt64)
    /// On chain and in our records. End.
    case confirmed(block: UInt64)
    /// `validBefore` has passed on chain without it, by ``ChainIntent/absenceMargin``. End; a new transaction may be signed.
    case expired
    /// Refused before it was ever taken, or reverted on chain. End.
    case rejected

    /// Whether nothing is left to do, so that a new action of this identity may begin.
    public var isFinal: Bool {
      switch self {
      case .confirmed, .expired, .rejected: true
      case .prepared, .sent, .included: false
      }
    }

    /// Whether a stored intent of this state may be replaced by the same one in state `next`: what another process has found out
    /// meanwhile is not forgotten. An included one is rejected only when the chain's state contradicts its receipt.
    public func mayBecome(_ next: State) -> Bool {
      switch (self, next) {
      case (.prepared, _), (.sent, .sent), (.sent, .included), (.sent, .confirmed), (.sent, .expired),
        (.sent, .rejected), (.included, .included), (.included, .confirmed), (.included, .rejected):
        true
      case (.confirmed, .confirmed), (.expired, .expired), (.rejected, .rejected): true
      case (.sent, .prepared), (.included, _), (.confirmed, _), (.expired, _), (.rejected, _): false
      }
    }
  }

  /// Seconds on the chain after `validBefore` before a missing receipt proves that a transaction was never included (`05` §7.5,
  /// `06` §1.16): nodes of one chain lag behind each other.
  public static let absenceMargin: UInt64 = 30

  /// Whether a block of this time proves that a transaction with this `validBefore` can be looked for no longer.
  public static func isPast(_ validBefore: UInt64, at timestamp: UInt64) -> Bool {
    let (end, overflow) = validBefore.addingReportingOverflow(absenceMargin)
    return !overflow && timestamp >= end
  }

  /// What makes a second submission the same action.
  public let identity: Identity
  /// The transaction as it goes to the node.
  public let raw: [UInt8]
  /// Hash of ``raw``; the receipt is looked for under it.
  public let hash: Hash32
  /// Seconds since 1970 on the chain's clock; nil for a transaction that never expires.
  public let validBefore: UInt64?
  /// When it was signed, on the process's clock.
  public let createdAt: Timestamp
  /// What the owner needs to finish the action after a restart; opaque here.
  public let context: [UInt8]
  /// What is known now; a store refuses a step back.
  public var state: State

  /// - Parameters:
  ///   - raw: signed bytes, complete: no sponsor is still to sign.
  ///   - hash: of `raw`; not checked here.
  ///   - validBefore: seconds since 1970, the same as in the transaction. Without it a transaction that gets
  ///     lost can never be proved absent.
  public init(
    identity: Identity, raw: [UInt8], hash: Hash32, validBefore: UInt64?, createdAt: Timestamp,
    context: [UInt8] = [], state: State = .prepared
  ) {
    self.identity = identity
    self.raw = raw
    self.hash = hash
    self.validBefore = validBefore
    self.createdAt = createdAt
    self.context = context
    self.state = state
  }
}
