public import EVM
public import MPPCore

/// A signed transaction with an identity, journalled before it is sent.
///
/// The bytes never change: an ambiguous answer or a restart leads to the *same* bytes again, until they are
/// found on chain or are provably absent after `validBefore` (`11` §9).
public struct ChainIntent: Sendable, Equatable {
  public enum Kind: UInt8, Sendable, CaseIterable {
    case open = 1
    case topUp = 2
    case settle = 3
    case close = 4
    case requestClose = 5
    case withdraw = 6
    case charge = 7
    case renew = 8
  }

  /// What the transaction is for. Two intents with one identity are one action.
  public struct Identity: Sendable, Hashable {
    public let kind: Kind
    /// The channel (or subscription).
    public let subject: Hash32
    /// Tells actions of one kind on one subject apart: the cumulative amount of a settlement, the hash of a
    /// top-up; zero where there can be only one.
    public let discriminator: Hash32

    public init(_ kind: Kind, _ subject: Hash32, _ discriminator: Hash32 = .zero) {
      self.kind = kind
      self.subject = subject
      self.discriminator = discriminator
    }

    /// 65 bytes: kind, subject, discriminator.
    public var bytes: [UInt8] { [kind.rawValue] + subject.bytes + discriminator.bytes }
  }

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

  public let identity: Identity
  /// The transaction as it goes to the node.
  public let raw: [UInt8]
  public let hash: Hash32
  /// Seconds since 1970 on the chain's clock; nil for a transaction that never expires.
  public let validBefore: UInt64?
  public let createdAt: Timestamp
  /// What the owner needs to finish the action after a restart; opaque here.
  public let context: [UInt8]
  public var state: State

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
