public import MPPCore

/// The right to close a channel: while it is there no voucher is accepted and nothing new is held (`04` §22, W19).
public struct CloseLease: Sendable, Hashable {
  /// Random; only who knows it can end the attempt.
  public let owner: UInt64
  /// From here on another closer may take over. Nothing else depends on it: an expired lease still closes the channel for content,
  /// because its transaction may be under way.
  public let expires: Timestamp
  /// The voucher to close with: the highest one known.
  public let voucher: SignedVoucher

  /// - Parameter voucher: at least what was spent and settled.
  public init(owner: UInt64, expires: Timestamp, voucher: SignedVoucher) {
    self.owner = owner
    self.expires = expires
    self.voucher = voucher
  }
}
