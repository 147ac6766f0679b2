/// Hexadecimal text as on the wire and in JSON-RPC (`02` §1.2): lower case out, any case in, `0x` required.
public enum Hex {
  /// `0x` and two lower-case digits for every byte.
  public static func encode(_ bytes: some Sequence<UInt8>) -> String {
    var text: [UInt8] = [0x30, 0x78]
    text.reserveCapacity(2 + 2 * bytes.underestimatedCount)
    append(bytes, to: &text)
    return String(decoding: text, as: UTF8.self)
  }

  /// Two lower-case digits for every byte, without prefix.
  public static func encodeUnprefixed(_ bytes: some Sequence<UInt8>) -> String {
    var text: [UInt8] = []
    text.reserveCapacity(2 * bytes.underestimatedCount)
    append(bytes, to: &text)
    return String(decoding: text, as: UTF8.self)
  }

  /// The bytes of `0x…` data. The digits may be of any case; `0X` and an odd number of digits are refused.
  public static func decode(_ text: some StringProtocol) throws(EVMError) -> [UInt8] {
    let characters = Array(text.utf8)
    guard characters.count >= 2, characters[0] == 0x30, characters[1] == 0x78, characters.count % 2 == 0
    else {
      throw EVMError.invalidHex
    }
    return try decodeDigits(characters[2...])
  }

  /// The bytes of `0x…` data that must be `count` bytes long; nothing is decoded when the length is another.
  public static func decode(_ text: some StringProtocol, count: Int) throws(EVMError) -> [UInt8] {
    let length = text.utf8.count
    guard length == 2 + 2 * count else {
      guard length >= 2, length % 2 == 0 else { throw EVMError.invalidHex }
      throw EVMError.invalidLength(expected: count, actual: (length - 2) / 2)
    }
    return try decode(text)
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

  private static func append(_ bytes: some Sequence<UInt8>, to text: inout [UInt8]) {
    for byte in bytes {
      text.append(character(byte >> 4))
      text.append(character(byte & 15))
    }
  }

  private static func character(_ nibble: UInt8) -> UInt8 { nibble < 10 ? nibble + 0x30 : nibble + 0x57 }

  private static func decodeDigits(_ digits: ArraySlice<UInt8>) throws(EVMError) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(digits.count / 2)
    var index = digits.startIndex
    while index < digits.endIndex {
      guard let high = digit(digits[index]), let low = digit(digits[index + 1]) else {
        throw EVMError.invalidHex
      }
      bytes.append(high << 4 | low)
      index += 2
    }
    return bytes
  }
}
