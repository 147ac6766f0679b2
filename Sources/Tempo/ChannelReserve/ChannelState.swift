/// What the reserve stores about a channel. A channel that does not exist, or no longer, reads as all zeros.
public struct ChannelState: Sendable, Hashable {
  // Words, not `UInt128`: see docs/decisions/0001-amounts-are-two-words.md.
  private let settledHigh: UInt64
  private let settledLow: UInt64
  private let depositHigh: UInt64
  private let depositLow: UInt64

  /// Paid to the payee so far, in base units.
  public var settled: UInt128 { UInt128(settledHigh) << 64 | UInt128(settledLow) }
  /// Paid in by the payer in total, in base units; settlement does not reduce it.
  public var deposit: UInt128 { UInt128(depositHigh) << 64 | UInt128(depositLow) }
  /// Seconds; zero when the payer has not asked to close.
  public let closeRequestedAt: UInt32

  /// Throws when an amount is above 2^96 − 1.
  public init(settled: UInt128, deposit: UInt128, closeRequestedAt: UInt32) throws(TempoError) {
    guard settled <= Voucher.maximumAmount, deposit <= Voucher.maximumAmount else {
      throw .amountOutOfRange
    }
    settledHigh = UInt64(truncatingIfNeeded: settled >> 64)
    settledLow = UInt64(truncatingIfNeeded: settled)
    depositHigh = UInt64(truncatingIfNeeded: deposit >> 64)
    depositLow = UInt64(truncatingIfNeeded: deposit)
    self.closeRequestedAt = closeRequestedAt
  }

  /// A channel exists exactly while it holds a deposit.
  public var exists: Bool { deposit != 0 }
}
