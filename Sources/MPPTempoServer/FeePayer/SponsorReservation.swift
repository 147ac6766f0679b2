public import EVM
public import MPPCore

/// A fee that a sponsor may have to pay for one transaction under way.
public struct SponsorReservation: Sendable, Hashable {
  /// How far the sponsoring has come; stored by its number.
  public enum Phase: UInt8, Sendable, Hashable {
    /// The sponsor is about to sign; no signature has left. → broadcasting, gone. Freed when its lease ends.
    case prepared = 1
    /// Signed, and perhaps sent. → gone. Freed by its receipt, or when the transaction has expired.
    case broadcasting = 2
  }

  /// What its sender signed (the expiring nonce hash, `02` §5.6): known before the sponsor signs, and included once at most.
  public let transaction: Hash32
  /// The sender, whose share of the budget it takes.
  public let payer: Address
  /// Attodollars.
  public let fee: UInt64
  /// When the transaction can no longer be included.
  public let expires: Timestamp
  /// Who made the reservation; only it may move it on.
  public let owner: UInt64
  /// When a reservation that is still ``Phase/prepared`` is given up.
  public internal(set) var leaseUntil: Timestamp
  /// Moves forward only.
  public internal(set) var phase: Phase

  /// - Parameters:
  ///   - transaction: the expiring nonce hash, not the hash of the signed transaction.
  ///   - fee: attodollars, the most it can cost.
  ///   - owner: random; a second maker of the same transaction takes another.
  public init(
    transaction: Hash32, payer: Address, fee: UInt64, expires: Timestamp, owner: UInt64,
    leaseUntil: Timestamp, phase: Phase = .prepared
  ) {
    self.transaction = transaction
    self.payer = payer
    self.fee = fee
    self.expires = expires
    self.owner = owner
    self.leaseUntil = leaseUntil
    self.phase = phase
  }
}
