/// 32 bytes: a hash, a channel id, a storage word. Four words in place, no heap.
public struct Hash32: Sendable, Hashable, Comparable, CustomStringConvertible {
  // Most significant word first, so that word order is byte order.
  package let words: InlineArray<4, UInt64>

  package init(words w0: UInt64, _ w1: UInt64, _ w2: UInt64, _ w3: UInt64) { words = [w0, w1, w2, w3] }

  public static let zero = Hash32(words: 0, 0, 0, 0)

  /// Exactly 32 bytes.
  public init(_ bytes: [UInt8]) throws(EVMError) {
    guard bytes.count == 32 else { throw EVMError.invalidLength(expected: 32, actual: bytes.count) }
    self.init(unchecked: bytes, at: 0)
  }

  /// Exactly 32 bytes of a slice.
  public init(_ bytes: ArraySlice<UInt8>) throws(EVMError) { try self.init(Array(bytes)) }

  /// `0x` and 64 digits of any case.
  public init(hex: some StringProtocol) throws(EVMError) { try self.init(Hex.decode(hex, count: 32)) }

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

  public var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(32)
    append(to: &bytes)
    return bytes
  }

  /// `0x` and 64 lower-case digits.
  public var hex: String { Hex.encode(bytes) }
  public var description: String { hex }
  public var isZero: Bool { words[0] | words[1] | words[2] | words[3] == 0 }

  /// Adds the 32 bytes without an array of their own.
  public func append(to bytes: inout [UInt8]) {
    for index in 0..<4 { BigEndian.append(words[index], to: &bytes) }
  }

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
