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
}
