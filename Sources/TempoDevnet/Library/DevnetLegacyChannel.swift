public import MPPCore

/// A channel of a v1 stream contract. A closed one is final, and empty.
public struct DevnetLegacyChannel: Sendable, Hashable {
  public let settled: Amount
  public let deposit: Amount
  public let isFinalized: Bool
}
