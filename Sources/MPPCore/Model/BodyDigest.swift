internal import Crypto

/// `sha-256=` and the standard base64 of the SHA-256 of the exact body bytes (`01` §7).
public enum BodyDigest {
  public static func compute(_ body: [UInt8]) -> String {
    "sha-256=" + SHA256.hash(data: body).withUnsafeBytes { Base64.encode($0) }
  }

  /// Whether `digest` is the digest of `body`, with or without the colons of RFC 9530 around the base64.
  /// Compared in constant time.
  public static func verify(_ digest: String, body: [UInt8]) -> Bool {
    let expected = Array(compute(body).utf8)
    let given = Array(digest.utf8)
    if constantTimeEqual(expected, given) { return true }
    return constantTimeEqual(
      expected[..<8] + [UInt8(ascii: ":")] + expected[8...] + [UInt8(ascii: ":")], given)
  }
}
