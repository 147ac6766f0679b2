/// 32 bytes: a hash, a channel id, a storage word. Four words in place, no heap.
public struct Hash32: Sendable, Hashable, Comparable, CustomStringConvertible {
  // Most significant word first, so that word order is byte order.
  @usableFromInline package let words: InlineArray<4, UInt64>

  @inlinable
  package init(words w0: UInt64, _ w1: UInt64, _ w2: UInt64, _ w3: UInt64) { words = [w0, w1, w2, w3] }

  /// 32 zero bytes; contracts read it as "absent".
  public static let zero = Hash32(words: 0, 0, 0, 0)

  /// Exactly 32 bytes.
  public init(_ bytes: [UInt8]) throws(EVMError) {
    guard bytes.count == 32 else { throw EVMError.invalidLength(expected: 32, actual: bytes.count) }
    self.init(unchecked: bytes, at: 0)
  }

  /// Exactly 32 bytes of a slice.
  public init(_ bytes: ArraySlice<UInt8>) throws(EVMError) { try self.init(Array(bytes)) }

  /// `0x` and 64 digits of any case.
  public init(hex: some StringProtocol) throws(EVMError) { try self.init(hex: String(hex)) }

  /// `0x` and 64 digits of any case.
  public init(hex: String) throws(EVMError) {
    guard let word = Hash32(hex: hex.utf8.span.bytes) else {
      try Hex.checkLength(of: hex.utf8.count, count: 32)
      throw EVMError.invalidHex
    }
    self = word
  }

  /// `0x` and 64 digits of any case, `nil` for anything else.
  package init?(hex text: RawSpan) {
    guard HexWord.isPrefixed(text, count: 64), let first = HexWord.decodeLong(text, at: 2),
      let second = HexWord.decodeLong(text, at: 18), let third = HexWord.decodeLong(text, at: 34),
      let fourth = HexWord.decodeLong(text, at: 50)
    else { return nil }
    self.init(words: first, second, third, fourth)
  }

  init(unchecked bytes: [UInt8], at offset: Int) {
    self.init(
      words: BigEndian.word(bytes, at: offset), BigEndian.word(bytes, at: offset + 8),
      BigEndian.word(bytes, at: offset + 16), BigEndian.word(bytes, at: offset + 24))
  }

  /// The first 32 of the bytes; zeros where there are fewer.
  package init(prefixOf bytes: [UInt8]) {
    let filling = [UInt8](repeating: 0, count: Swift.max(0, 32 - bytes.count))
    self.init(unchecked: bytes + filling, at: 0)
  }

  /// 32 bytes in a new array; ``append(to:)`` needs none.
  public var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(32)
    append(to: &bytes)
    return bytes
  }

  /// `0x` and 64 lower-case digits.
  public var hex: String {
    String(unsafeUninitializedCapacity: 66) { text in
      appendHex(to: UnsafeMutableRawBufferPointer(text))
      return 66
    }
  }

  /// Writes the 66 characters of ``hex`` to the beginning of a buffer.
  package func appendHex(to text: UnsafeMutableRawBufferPointer) {
    text.storeBytes(of: UInt16(littleEndian: 0x7830), as: UInt16.self)
    for index in 0..<4 {
      let (high, low) = (UInt32(words[index] >> 32), UInt32(truncatingIfNeeded: words[index]))
      text.storeBytes(of: HexWord.encode(high).bigEndian, toByteOffset: 2 + 16 * index, as: UInt64.self)
      text.storeBytes(of: HexWord.encode(low).bigEndian, toByteOffset: 10 + 16 * index, as: UInt64.self)
    }
  }

  public var description: String { hex }
  /// Whether all bytes are zero.
  public var isZero: Bool { words[0] | words[1] | words[2] | words[3] == 0 }

  /// Adds the 32 bytes without an array of their own.
  public func append(to bytes: inout [UInt8]) {
    let big: InlineArray<4, UInt64> = [
      words[0].bigEndian, words[1].bigEndian, words[2].bigEndian, words[3].bigEndian,
    ]
    big.span.bytes.withUnsafeBytes { bytes.append(contentsOf: $0) }
  }

  @inlinable
  public static func == (a: Hash32, b: Hash32) -> Bool {
    (a.words[0] ^ b.words[0]) | (a.words[1] ^ b.words[1]) | (a.words[2] ^ b.words[2])
      | (a.words[3] ^ b.words[3]) == 0
  }

  /// The order of the bytes, which is the order of the unsigned numbers.
  public static func < (a: Hash32, b: Hash32) -> Bool {
    for index in 0..<4 where a.words[index] != b.words[index] { return a.words[index] < b.words[index] }
    return false
  }

  public func hash(into hasher: inout Hasher) {
    for index in 0..<4 { hasher.combine(words[index]) }
  }
}
