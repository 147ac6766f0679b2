public import MPPCore

/// The state of a channel that exists.
public struct DevnetChannel: Sendable, Hashable {
  public let settled: Amount
  public let deposit: Amount
  /// The block time at which the payer asked for the channel to be closed.
  public let closeRequestedAt: Timestamp?
}
