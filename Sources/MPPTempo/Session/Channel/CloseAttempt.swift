public import MPPCore

/// A request to begin closing.
public struct CloseAttempt: Sendable, Equatable {
  /// The voucher of the close credential, verified; `nil` when the server closes by itself with what it has.
  public let voucher: SignedVoucher?
  /// See ``CloseLease/owner``.
  public let owner: UInt64
  /// The server's clock; decides whether another closer's lease has ended.
  public let now: Timestamp
  /// See ``CloseLease/expires``.
  public let expires: Timestamp

  /// Nothing is checked here; the transition ``ChannelTransition/beginClose(_:)`` does.
  public init(voucher: SignedVoucher?, owner: UInt64, now: Timestamp, expires: Timestamp) {
    self.voucher = voucher
    self.owner = owner
    self.now = now
    self.expires = expires
  }
}
