/// Why a text is not base64.
public enum Base64Error: Error, Hashable, Sendable {
  /// A character outside both alphabets, or padding that is not at the end.
  case invalidCharacter
  /// A length that no byte string has.
  case invalidLength
  /// Bits after the last byte that are not zero.
  case nonZeroTrailingBits
}

/// base64url without padding (RFC 4648 §5): challenge ids, `request`, `opaque`, credentials, receipts.
public enum Base64URL {
  /// The base64url text without padding.
  public static func encode(_ bytes: some Sequence<UInt8>) -> String {
    Base64Codec.encode(bytes, isURL: true)
  }

  /// Decodes either alphabet, with or without `=` at the end (`01` §2.1: peers send all of these). Everything
  /// else that is not base64 is refused. One byte string has several spellings, so never key anything on the
  /// text.
  public static func decode(_ text: some StringProtocol) throws(Base64Error) -> [UInt8] {
    try Base64Codec.decode(text)
  }
}

/// Standard base64 with padding (RFC 4648 §4): body digests and session snapshots.
public enum Base64 {
  /// The standard text with padding.
  public static func encode(_ bytes: some Sequence<UInt8>) -> String {
    Base64Codec.encode(bytes, isURL: false)
  }

  /// As `Base64URL.decode`: both alphabets, padding optional.
  public static func decode(_ text: some StringProtocol) throws(Base64Error) -> [UInt8] {
    try Base64Codec.decode(text)
  }
}
