public import MPPCore

/// What the chain said about a channel at one block. Read at a block pinned by number: a zero deposit at a block that is
/// newer than what is known means that the channel is gone for good.
public struct ChannelObservation: Sendable, Equatable {
  /// Paid in by the payer in total, in base units; zero when the channel is unknown or gone.
  public let deposit: Amount
  /// Paid out to the payee in total, in base units.
  public let settled: Amount
  /// Seconds; 0 when the payer has not asked to close.
  public let closeRequestedAt: UInt32
  /// Number of the block whose state this is.
  public let block: UInt64

  /// - Parameter block: the number the read was pinned to, not the newest number known.
  public init(deposit: Amount, settled: Amount, closeRequestedAt: UInt32, block: UInt64) {
    self.deposit = deposit
    self.settled = settled
    self.closeRequestedAt = closeRequestedAt
    self.block = block
  }

  /// Whether the channel holds a deposit.
  package var exists: Bool { deposit > .zero }

  /// Whether it says what a channel's books could never take back: that the channel is gone, or that more was paid in or out than is
  /// known. One answer of a node is not enough for that.
  package func isBeyond(deposit: Amount, settled: Amount) -> Bool {
    !exists || self.deposit > deposit || self.settled > settled
  }

  /// What this look and a later one agree on; nil when only one of them has seen the channel. Deposit and settled only rise: both have seen
  /// the lower value.
  package func confirmed(by later: ChannelObservation) -> ChannelObservation? {
    guard exists == later.exists else { return nil }
    return ChannelObservation(
      deposit: min(deposit, later.deposit), settled: min(settled, later.settled),
      closeRequestedAt: later.closeRequestedAt, block: later.block)
  }
}
