/// The container of ABI words and node quantities: four limbs, checked. Amounts of money are `UInt128`; take
/// them out with ``uint128``.
public struct UInt256: Sendable, Hashable, Comparable, CustomStringConvertible, ExpressibleByIntegerLiteral {
  // Most significant limb first.
  package let limbs: InlineArray<4, UInt64>

  package init(limbs l0: UInt64, _ l1: UInt64, _ l2: UInt64, _ l3: UInt64) { limbs = [l0, l1, l2, l3] }

  /// 0, also of a word that was never written.
  public static let zero = UInt256(limbs: 0, 0, 0, 0)
  /// 2^256 − 1.
  public static let max = UInt256(limbs: .max, .max, .max, .max)

  /// Never fails.
  public init(_ value: UInt64) { self.init(limbs: 0, 0, 0, value) }
  /// Never fails.
  public init(_ value: UInt128) {
    self.init(limbs: 0, 0, UInt64(truncatingIfNeeded: value >> 64), UInt64(truncatingIfNeeded: value))
  }
  /// Literals up to 2^64 − 1.
  public init(integerLiteral value: UInt64) { self.init(value) }
  /// The number whose 32 big-endian bytes are this word.
  public init(_ word: Hash32) {
    self.init(limbs: word.words[0], word.words[1], word.words[2], word.words[3])
  }

  /// At most 32 bytes, most significant first; empty is zero. Leading zeros are allowed.
  public init(bigEndian bytes: some Collection<UInt8>) throws(EVMError) {
    guard bytes.count <= 32 else { throw EVMError.invalidLength(expected: 32, actual: bytes.count) }
    let padded = [UInt8](repeating: 0, count: 32 - bytes.count) + bytes
    self.init(Hash32(unchecked: padded, at: 0))
  }

  /// `0x` and 1…64 digits. Leading zeros are taken: some nodes write them.
  public init(quantity text: some StringProtocol) throws(EVMError) {
    let characters = Array(text.utf8)
    guard (3...66).contains(characters.count), characters[0] == 0x30, characters[1] == 0x78 else {
      throw EVMError.invalidQuantity
    }
    var value = UInt256.zero
    for character in characters[2...] {
      guard let digit = Hex.digit(character) else { throw EVMError.invalidQuantity }
      let l = value.limbs
      value = UInt256(
        limbs: l[0] << 4 | l[1] >> 60, l[1] << 4 | l[2] >> 60, l[2] << 4 | l[3] >> 60,
        l[3] << 4 | UInt64(digit))
    }
    self = value
  }

  /// 1…78 decimal digits.
  public init(decimal text: some StringProtocol) throws(EVMError) {
    guard (1...78).contains(text.utf8.count) else { throw EVMError.invalidQuantity }
    var value = UInt256.zero
    for character in text.utf8 {
      guard (0x30...0x39).contains(character) else { throw EVMError.invalidQuantity }
      guard let next = value.multipliedByTen(adding: UInt64(character - 0x30)) else {
        throw EVMError.integerOverflow
      }
      value = next
    }
    self = value
  }

  /// The 32 big-endian bytes as one word, the form of the ABI.
  public var word: Hash32 { Hash32(words: limbs[0], limbs[1], limbs[2], limbs[3]) }
  /// The 32 bytes, most significant first.
  public var bytes32: [UInt8] { word.bytes }
  /// Without leading zeros; zero has no bytes. The form of RLP.
  public var minimalBytes: [UInt8] { Array(bytes32.drop { $0 == 0 }) }

  /// The value, or `nil` when it needs more than 64 bits.
  public var uint64: UInt64? { limbs[0] | limbs[1] | limbs[2] == 0 ? limbs[3] : nil }
  /// The value, or `nil` when it needs more than 128 bits.
  public var uint128: UInt128? {
    limbs[0] | limbs[1] == 0 ? UInt128(limbs[2]) << 64 | UInt128(limbs[3]) : nil
  }
  /// Whether it is ``zero``.
  public var isZero: Bool { limbs[0] | limbs[1] | limbs[2] | limbs[3] == 0 }

  /// The number of bits without leading zeros; 0 for zero.
  public var significantBits: Int {
    for index in 0..<4 where limbs[index] != 0 { return (4 - index) * 64 - limbs[index].leadingZeroBitCount }
    return 0
  }

  public static func == (a: UInt256, b: UInt256) -> Bool { a.word == b.word }
  public static func < (a: UInt256, b: UInt256) -> Bool { a.word < b.word }
  public func hash(into hasher: inout Hasher) { hasher.combine(word) }

  /// `0x` and the digits without leading zeros.
  public var hexQuantity: String {
    let digits = Hex.encodeUnprefixed(bytes32).drop { $0 == "0" }
    return digits.isEmpty ? "0x0" : "0x" + digits
  }

  /// Decimal digits.
  public var description: String {
    if let small = uint128 { return String(small) }
    var (rest, chunks) = (self, [UInt64]())
    while !rest.isZero {
      let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: 10_000_000_000_000_000_000)
      chunks.append(remainder)
      rest = quotient
    }
    var text = String(chunks.last ?? 0)
    for chunk in chunks.dropLast().reversed() {
      let digits = String(chunk)
      text += String(repeating: "0", count: 19 - digits.utf8.count) + digits
    }
    return text
  }
}
