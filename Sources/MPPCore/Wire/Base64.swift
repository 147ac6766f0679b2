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

enum Base64Codec {
  private static let standardAlphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  private static let urlAlphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

  /// 0…63, or 0xFF for a character outside both alphabets.
  private static let values: [UInt8] = {
    var table = [UInt8](repeating: 0xFF, count: 256)
    for alphabet in [standardAlphabet, urlAlphabet] {
      for (value, character) in alphabet.enumerated() { table[Int(character)] = UInt8(value) }
    }
    return table
  }()

  static func encode(_ bytes: some Sequence<UInt8>, isURL: Bool) -> String {
    let fast = bytes.withContiguousStorageIfAvailable { encode(buffer: $0, isURL: isURL) }
    if let fast { return fast }
    return Array(bytes).withUnsafeBufferPointer { encode(buffer: $0, isURL: isURL) }
  }

  private static func encode(buffer bytes: UnsafeBufferPointer<UInt8>, isURL: Bool) -> String {
    let alphabet = isURL ? urlAlphabet : standardAlphabet
    let capacity = (bytes.count + 2) / 3 * 4
    return String(unsafeUninitializedCapacity: capacity) { output in
      var out = 0
      func put(_ value: UInt32, _ shift: UInt32) {
        output[out] = alphabet[Int(value >> shift & 63)]
        out += 1
      }
      var index = 0
      while index + 2 < bytes.count {
        let group = UInt32(bytes[index]) << 16 | UInt32(bytes[index + 1]) << 8 | UInt32(bytes[index + 2])
        put(group, 18)
        put(group, 12)
        put(group, 6)
        put(group, 0)
        index += 3
      }
      let rest = bytes.count - index
      if rest > 0 {
        let group = UInt32(bytes[index]) << 16 | (rest == 2 ? UInt32(bytes[index + 1]) << 8 : 0)
        put(group, 18)
        put(group, 12)
        if rest == 2 { put(group, 6) }
        while !isURL, out < capacity {
          output[out] = UInt8(ascii: "=")
          out += 1
        }
      }
      return out
    }
  }

  static func decode(_ text: some StringProtocol) throws(Base64Error) -> [UInt8] {
    // The closure returns a result because the standard library's method does not rethrow typed errors.
    let fast = text.utf8.withContiguousStorageIfAvailable { decode(buffer: $0) }
    return try (fast ?? Array(text.utf8).withUnsafeBufferPointer { decode(buffer: $0) }).get()
  }

  static func decode(buffer text: UnsafeBufferPointer<UInt8>) -> Result<[UInt8], Base64Error> {
    var count = text.count
    while count > 0, text[count - 1] == UInt8(ascii: "=") { count -= 1 }
    guard count % 4 != 1 else { return .failure(.invalidLength) }
    let size = count / 4 * 3 + max(count % 4 - 1, 0)
    var failure: Base64Error?
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { output, written in
      values.withUnsafeBufferPointer { values in
        var seen: UInt8 = 0
        var index = 0
        var out = 0
        while index + 3 < count {
          let (a, b) = (values[Int(text[index])], values[Int(text[index + 1])])
          let (c, d) = (values[Int(text[index + 2])], values[Int(text[index + 3])])
          seen |= a | b | c | d
          output[out] = a << 2 | b >> 4
          output[out + 1] = b << 4 | c >> 2
          output[out + 2] = c << 6 | d
          index += 4
          out += 3
        }
        if index < count {
          let (a, b) = (values[Int(text[index])], values[Int(text[index + 1])])
          let c = index + 2 < count ? values[Int(text[index + 2])] : 0
          seen |= a | b | c
          output[out] = a << 2 | b >> 4
          out += 1
          if index + 2 < count {
            output[out] = b << 4 | c >> 2
            out += 1
            if c & 3 != 0 { failure = .nonZeroTrailingBits }
          } else if b & 15 != 0 {
            failure = .nonZeroTrailingBits
          }
        }
        if seen & 0x80 != 0 { failure = .invalidCharacter }
        written = out
      }
    }
    if let failure { return .failure(failure) }
    return .success(bytes)
  }
}
