/// An access key that was authorized once.
public struct DevnetAccessKey: Sendable, Hashable {
  /// Seconds since 1970; `UInt64.max` for never, zero once revoked.
  public let expiry: UInt64
  /// A revoked key never comes back.
  public let isRevoked: Bool
  /// Whether it may authorize further keys.
  public let isAdmin: Bool
  /// False: the key spends without limit.
  public let enforcesLimits: Bool
}
