/// What the reserve stores about a channel. A channel that does not exist, or no longer, reads as all zeros.
public struct ChannelState: Sendable, Hashable {
  /// Paid to the payee so far, in base units.
  public let settled: UInt128
  /// Paid in by the payer in total, in base units; settlement does not reduce it.
  public let deposit: UInt128
  /// Seconds; zero when the payer has not asked to close.
  public let closeRequestedAt: UInt32

  /// Throws when an amount is above 2^96 − 1.
  public init(settled: UInt128, deposit: UInt128, closeRequestedAt: UInt32) throws(TempoError) {
    guard settled <= Voucher.maximumAmount, deposit <= Voucher.maximumAmount else {
      throw .amountOutOfRange
    }
    self.settled = settled
    self.deposit = deposit
    self.closeRequestedAt = closeRequestedAt
  }

  /// A channel exists exactly while it holds a deposit.
  public var exists: Bool { deposit != 0 }
}
