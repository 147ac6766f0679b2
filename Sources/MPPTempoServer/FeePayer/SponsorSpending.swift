public import EVM
public import MPPCore

/// What a sponsor has signed for one payer since some time.
public struct SponsorSpending: Sendable, Hashable {
  /// The sender of the transactions.
  public let payer: Address
  /// When the first of them was signed.
  public let since: Timestamp
  /// Attodollars, the most that all of them can have cost together.
  public internal(set) var fee: UInt64
}
