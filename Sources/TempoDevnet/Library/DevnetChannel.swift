public import MPPCore

/// The state of a channel that exists.
public struct DevnetChannel: Sendable, Hashable {
  /// Paid out to the payee in total, base units.
  public let settled: Amount
  /// Paid in by the payer in total, base units.
  public let deposit: Amount
  /// The block time at which the payer asked for the channel to be closed.
  public let closeRequestedAt: Timestamp?
}
