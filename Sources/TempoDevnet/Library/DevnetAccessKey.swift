/// An access key that was authorized once.
public struct DevnetAccessKey: Sendable, Hashable {
  /// Seconds since 1970; `UInt64.max` for never, zero once revoked.
  public let expiry: UInt64
  public let isRevoked: Bool
  public let isAdmin: Bool
  public let enforcesLimits: Bool
}
