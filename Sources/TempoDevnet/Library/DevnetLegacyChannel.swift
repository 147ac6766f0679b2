public import MPPCore

/// A channel of a v1 stream contract. A closed one is final, and empty.
public struct DevnetLegacyChannel: Sendable, Hashable {
  /// Paid out to the payee in total, base units; zero once closed.
  public let settled: Amount
  /// Paid in by the payer in total, base units; zero once closed.
  public let deposit: Amount
  /// Closed or withdrawn: it never opens again.
  public let isFinalized: Bool
}
