/// An account or contract: 20 bytes. Equality is on the bytes, never on the spelling (`02` §1.3).
public struct Address: Sendable, Hashable, Comparable, CustomStringConvertible {
  // Bytes 0…7, 8…15 and 16…19, most significant first.
  @usableFromInline package let high: UInt64
  @usableFromInline package let middle: UInt64
  @usableFromInline package let low: UInt32

  package init(high: UInt64, middle: UInt64, low: UInt32) {
    self.high = high
    self.middle = middle
    self.low = low
  }

  /// Nobody: no known key has this address. Contracts read it as "absent".
  public static let zero = Address(high: 0, middle: 0, low: 0)

  /// Exactly 20 bytes.
  public init(_ bytes: [UInt8]) throws(EVMError) {
    guard bytes.count == 20 else { throw EVMError.invalidLength(expected: 20, actual: bytes.count) }
    var low: UInt32 = 0
    for index in 16..<20 { low = low << 8 | UInt32(bytes[index]) }
    self.init(high: BigEndian.word(bytes, at: 0), middle: BigEndian.word(bytes, at: 8), low: low)
  }

  /// Exactly 20 bytes of a slice.
  public init(_ bytes: ArraySlice<UInt8>) throws(EVMError) { try self.init(Array(bytes)) }

  /// `0x` and 40 digits of any case; the checksum is not looked at. For whatever a peer sends.
  public init(hex: some StringProtocol) throws(EVMError) { try self.init(hex: String(hex)) }

  /// `0x` and 40 digits of any case; the checksum is not looked at. For whatever a peer sends.
  public init(hex: String) throws(EVMError) {
    guard let address = Address(hex: hex.utf8.span.bytes) else {
      try Hex.checkLength(of: hex.utf8.count, count: 20)
      throw EVMError.invalidHex
    }
    self = address
  }

  /// `0x` and 40 digits of any case, `nil` for anything else.
  package init?(hex text: RawSpan) {
    guard HexWord.isPrefixed(text, count: 40), let high = HexWord.decodeLong(text, at: 2),
      let middle = HexWord.decodeLong(text, at: 18), let low = HexWord.decode(text, at: 34)
    else { return nil }
    self.init(high: high, middle: middle, low: low)
  }

  /// All lower case, or exactly the EIP-55 spelling. For configuration and `did:pkh` sources.
  public init(checksummed text: some StringProtocol) throws(EVMError) {
    let address = try Address(hex: text)
    guard text == address.hex || text == address.checksummed else { throw EVMError.invalidChecksum }
    self = address
  }

  /// The last 20 bytes of a word, whatever the first twelve are: how an address comes out of a hash.
  public init(truncating word: Hash32) {
    self.init(
      high: word.words[1] << 32 | word.words[2] >> 32, middle: word.words[2] << 32 | word.words[3] >> 32,
      low: UInt32(truncatingIfNeeded: word.words[3]))
  }

  /// The address in a word; the first twelve bytes must be zero.
  public init(word: Hash32) throws(EVMError) {
    guard word.words[0] == 0, word.words[1] >> 32 == 0 else { throw EVMError.integerOverflow }
    self.init(truncating: word)
  }

  /// Twelve zero bytes and the address.
  public var word: Hash32 {
    Hash32(words: 0, high >> 32, high << 32 | middle >> 32, middle << 32 | UInt64(low))
  }

  /// 20 bytes in a new array; ``append(to:)`` needs none.
  public var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(20)
    append(to: &bytes)
    return bytes
  }

  /// Adds the 20 bytes without an array of their own.
  public func append(to bytes: inout [UInt8]) {
    BigEndian.append(high, to: &bytes)
    BigEndian.append(middle, to: &bytes)
    for shift: UInt32 in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: low >> shift)) }
  }

  /// `0x` and 40 lower-case digits.
  public var hex: String { Hex.encode(bytes) }
  public var description: String { checksummed }
  /// Whether it is ``zero``.
  public var isZero: Bool { high | middle | UInt64(low) == 0 }

  /// The EIP-55 spelling: a letter is a capital when the same digit of the hash of the text is 8 or more.
  public var checksummed: String {
    var characters = Array(hex.utf8)
    let mask = Keccak256.hash(Array(characters[2...])).bytes
    for index in 0..<40 where characters[index + 2] >= 0x61 {
      let nibble = index % 2 == 0 ? mask[index / 2] >> 4 : mask[index / 2] & 15
      if nibble >= 8 { characters[index + 2] -= 0x20 }
    }
    return String(decoding: characters, as: UTF8.self)
  }

  @inlinable
  public static func == (a: Address, b: Address) -> Bool {
    (a.high ^ b.high) | (a.middle ^ b.middle) | UInt64(a.low ^ b.low) == 0
  }

  public static func < (a: Address, b: Address) -> Bool {
    (a.high, a.middle, a.low) < (b.high, b.middle, b.low)
  }
}
