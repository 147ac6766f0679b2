internal import Crypto

/// `sha-256=` and the standard base64 of the SHA-256 of the exact body bytes (`01` §7).
public enum BodyDigest {
  /// - Parameter body: the exact bytes; empty for a request without a body.
  public static func compute(_ body: [UInt8]) -> String {
    "sha-256=" + SHA256.hash(data: body).withUnsafeBytes { Base64.encode($0) }
  }

  /// The digest of a body that comes in pieces.
  public struct Running: Sendable {
    private var hash = SHA256()
    /// Of no bytes yet.
    public init() {}
    /// Takes in the next bytes, in order.
    public mutating func update(_ chunk: [UInt8]) { hash.update(data: chunk) }
    /// The digest of everything so far; more may follow.
    public var text: String { "sha-256=" + hash.finalize().withUnsafeBytes { Base64.encode($0) } }
  }

  /// Whether `digest` is the digest of `body`, with or without the colons of RFC 9530 around the base64.
  /// Compared in constant time.
  public static func verify(_ digest: String, body: [UInt8]) -> Bool {
    verify(digest, computed: compute(body))
  }

  /// The same for a digest that was computed before.
  public static func verify(_ digest: String, computed: String) -> Bool {
    let expected = Array(computed.utf8)
    let given = Array(digest.utf8)
    if constantTimeEqual(expected, given) { return true }
    guard expected.count > 8 else { return false }
    return constantTimeEqual(
      expected[..<8] + [UInt8(ascii: ":")] + expected[8...] + [UInt8(ascii: ":")], given)
  }
}
