/// Hexadecimal text as on the wire and in JSON-RPC (`02` §1.2): lower case out, any case in, `0x` required.
public enum Hex {
  /// `0x` and two lower-case digits for every byte.
  public static func encode(_ bytes: some Sequence<UInt8>) -> String { encode(Array(bytes)) }

  /// `0x` and two lower-case digits for every byte.
  public static func encode(_ bytes: [UInt8]) -> String {
    String(unsafeUninitializedCapacity: 2 + 2 * bytes.count) { text in
      text[0] = 0x30
      text[1] = 0x78
      return 2 + append(bytes, to: UnsafeMutableBufferPointer(rebasing: text[2...]))
    }
  }

  /// Two lower-case digits for every byte, without prefix.
  public static func encodeUnprefixed(_ bytes: some Sequence<UInt8>) -> String {
    let bytes = Array(bytes)
    return String(unsafeUninitializedCapacity: 2 * bytes.count) { append(bytes, to: $0) }
  }

  /// The bytes of `0x…` data. The digits may be of any case; `0X` and an odd number of digits are refused.
  public static func decode(_ text: some StringProtocol) throws(EVMError) -> [UInt8] {
    try decode(String(text))
  }

  /// The bytes of `0x…` data. The digits may be of any case; `0X` and an odd number of digits are refused.
  public static func decode(_ text: String) throws(EVMError) -> [UInt8] {
    guard let bytes = decode(text.utf8.span.bytes) else { throw EVMError.invalidHex }
    return bytes
  }

  /// The bytes of `0x…` data that must be `count` bytes long; nothing is decoded when the length is another.
  public static func decode(_ text: some StringProtocol, count: Int) throws(EVMError) -> [UInt8] {
    try checkLength(of: text.utf8.count, count: count)
    return try decode(String(text))
  }

  /// Throws unless a text of this length can be `count` bytes of `0x…` data.
  static func checkLength(of length: Int, count: Int) throws(EVMError) {
    guard length != 2 + 2 * count else { return }
    guard length >= 2, length % 2 == 0 else { throw EVMError.invalidHex }
    throw EVMError.invalidLength(expected: count, actual: (length - 2) / 2)
  }

  /// The bytes of `0x…` data, `nil` for anything else.
  package static func decode(_ text: RawSpan) -> [UInt8]? {
    let count = (text.byteCount - 2) / 2
    guard text.byteCount % 2 == 0, count >= 0, HexWord.isPrefixed(text, count: 2 * count) else { return nil }
    didLookAt(text.byteCount)
    didMake(1, bytes: count)
    var isValid = true
    // Not `init(unsafeUninitializedCapacity:)`: it looks up the type of the array's memory each time.
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    bytes.append(addingCapacity: count) { output in
      isValid = output.withUnsafeMutableBufferPointer { target, written in
        written = decode(text, count, UnsafeMutableRawBufferPointer(target))
        return written == count
      }
    }
    return isValid ? bytes : nil
  }

  /// Writes the bytes of `count` pairs of digits; returns how many there are before one that is not a digit.
  private static func decode(
    _ text: RawSpan, _ count: Int, _ raw: UnsafeMutableRawBufferPointer
  ) -> Int {
    var index = 0
    while index + 4 <= count, let word = HexWord.decode(text, at: 2 + 2 * index) {
      raw.storeBytes(of: word.bigEndian, toByteOffset: index, as: UInt32.self)
      index += 4
    }
    while index < count {
      guard let high = digit(text.unsafeLoadUnaligned(fromByteOffset: 2 + 2 * index, as: UInt8.self)),
        let low = digit(text.unsafeLoadUnaligned(fromByteOffset: 3 + 2 * index, as: UInt8.self))
      else { return index }
      raw[index] = high << 4 | low
      index += 1
    }
    return index
  }

  /// A JSON-RPC quantity: no leading zeros, `0x0` for zero.
  @_disfavoredOverload
  public static func quantity(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }
  /// A JSON-RPC quantity: no leading zeros, `0x0` for zero.
  @_disfavoredOverload
  public static func quantity(_ value: UInt128) -> String { "0x" + String(value, radix: 16) }
  /// A JSON-RPC quantity: no leading zeros, `0x0` for zero.
  public static func quantity(_ value: UInt256) -> String { value.hexQuantity }

  /// The value of a quantity that must fit 64 bits. Leading zeros are taken: some nodes write them.
  public static func uint64(quantity text: some StringProtocol) throws(EVMError) -> UInt64 {
    guard let value = try UInt256(quantity: text).uint64 else { throw EVMError.integerOverflow }
    return value
  }

  static func digit(_ character: UInt8) -> UInt8? {
    switch character {
    case 0x30...0x39: character - 0x30
    case 0x41...0x46: character - 0x37
    case 0x61...0x66: character - 0x57
    default: nil
    }
  }

  private static func append(_ bytes: [UInt8], to text: UnsafeMutableBufferPointer<UInt8>) -> Int {
    let raw = UnsafeMutableRawBufferPointer(text)
    let span = bytes.span.bytes
    var index = 0
    while index + 4 <= bytes.count {
      let word = UInt32(bigEndian: span.unsafeLoadUnaligned(fromByteOffset: index, as: UInt32.self))
      raw.storeBytes(of: HexWord.encode(word).bigEndian, toByteOffset: 2 * index, as: UInt64.self)
      index += 4
    }
    while index < bytes.count {
      raw[2 * index] = character(bytes[index] >> 4)
      raw[2 * index + 1] = character(bytes[index] & 15)
      index += 1
    }
    return 2 * bytes.count
  }

  private static func character(_ nibble: UInt8) -> UInt8 { nibble < 10 ? nibble + 0x30 : nibble + 0x57 }
}
