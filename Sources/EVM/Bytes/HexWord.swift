/// Eight hexadecimal digits at a time, in the lanes of one word: no table, no branch that depends on a digit.
enum HexWord {
  private static let ones: UInt64 = 0x0101_0101_0101_0101
  private static let highs: UInt64 = 0x8080_8080_8080_8080

  /// The four bytes of eight digits of any case, `nil` when one of them is not a digit.
  ///
  /// - Parameter characters: the first character in the most significant byte; so is the first byte of the result.
  @inline(__always)
  static func decode(_ characters: UInt64) -> UInt32? {
    let lowered = characters | ones &* 0x20
    // Below 0x80 an addition does not carry into the next lane, and sets the high bit from a threshold on.
    let digits = (characters &+ ones &* (0x80 - 0x30)) & ~(characters &+ ones &* (0x80 - 0x3A))
    let letters = (lowered &+ ones &* (0x80 - 0x61)) & ~(lowered &+ ones &* (0x80 - 0x67))
    guard characters & highs == 0, (digits | letters) & highs == highs else { return nil }
    var word = (characters & (ones &* 0x0F)) &+ ((letters & highs) &>> 7) &* 9
    word = (word | word &>> 4) & 0x00FF_00FF_00FF_00FF
    word = (word | word &>> 8) & 0x0000_FFFF_0000_FFFF
    return UInt32(truncatingIfNeeded: word | word &>> 16)
  }

  /// The eight lower-case digits of four bytes; the first one is the most significant byte.
  @inline(__always)
  static func encode(_ bytes: UInt32) -> UInt64 {
    var word = UInt64(bytes)
    word = (word | word &<< 16) & 0x0000_FFFF_0000_FFFF
    word = (word | word &<< 8) & 0x00FF_00FF_00FF_00FF
    word = (word | word &<< 4) & 0x0F0F_0F0F_0F0F_0F0F
    let letters = ((word &+ ones &* 6) &>> 4) & ones
    return word &+ ones &* 0x30 &+ letters &* 0x27
  }

  /// The four bytes of the digits at an offset; the caller has looked at the length.
  @inline(__always)
  static func decode(_ text: RawSpan, at offset: Int) -> UInt32? {
    decode(UInt64(bigEndian: text.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)))
  }

  /// The eight bytes of the sixteen digits at an offset.
  @inline(__always)
  static func decodeLong(_ text: RawSpan, at offset: Int) -> UInt64? {
    guard let high = decode(text, at: offset), let low = decode(text, at: offset + 8) else { return nil }
    return UInt64(high) << 32 | UInt64(low)
  }

  /// Whether the text is `0x` and exactly `count` more characters.
  @inline(__always)
  static func isPrefixed(_ text: RawSpan, count: Int) -> Bool {
    text.byteCount == count + 2
      && text.unsafeLoadUnaligned(as: UInt16.self).littleEndian == 0x7830
  }
}
