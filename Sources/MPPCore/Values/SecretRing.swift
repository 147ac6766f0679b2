/// The secrets of a server: the first signs, all of them verify, so that a secret can be replaced without
/// invalidating challenges that are still alive (`01` §4.3).
public struct SecretRing: Sendable {
  /// At least this many bytes per secret.
  public static let minimumBytes = 32
  /// At most this many secrets: every one costs a MAC on a forged credential.
  public static let maximumCount = 8

  let secrets: [Secret]

  /// Throws when the list is empty or too long, or when a secret is shorter than 32 bytes or an obvious
  /// placeholder.
  public init(_ secrets: [Secret]) throws(SecretError) {
    guard !secrets.isEmpty else { throw .noSecret }
    guard secrets.count <= Self.maximumCount else { throw .tooMany }
    for secret in secrets {
      guard secret.byteCount >= Self.minimumBytes else { throw .tooShort }
      guard !secret.isPlaceholder else { throw .placeholder }
    }
    self.secrets = secrets
  }

  /// One secret of any length: the bare MAC of `01` §4.1 has no minimum.
  package init(unchecked secret: Secret) {
    secrets = [secret]
  }
}

/// Why a list of secrets is refused. `openssl rand -base64 32` prints a good one.
public enum SecretError: Error, Hashable, Sendable {
  /// The list is empty.
  case noSecret
  /// More than ``SecretRing/maximumCount``.
  case tooMany
  /// Fewer than 32 bytes.
  case tooShort
  /// `change-me` and the like, or bytes without variety.
  case placeholder
}
