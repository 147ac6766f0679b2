/// Keccak-256 with the original padding, as Ethereum uses it (not SHA3-256). One-shot, or piece by piece
/// without joining the pieces first.
public struct Keccak256: Sendable {
  // 1088 bits of rate: lanes 0…16 take input.
  private static let rate = 136
  private var state = InlineArray<25, UInt64>(repeating: 0)
  private var position = 0

  /// A hasher that has taken nothing yet.
  public init() {}

  /// The hash of all bytes at once.
  public static func hash(_ bytes: [UInt8]) -> Hash32 {
    var hasher = Keccak256()
    hasher.update(bytes)
    return hasher.finalize()
  }

  /// The hash of the UTF-8 bytes of a text.
  public static func hash(utf8 text: some StringProtocol) -> Hash32 { hash(Array(text.utf8)) }

  /// The hash of two words one after the other.
  public static func hash(_ first: Hash32, _ second: Hash32) -> Hash32 {
    var hasher = Keccak256()
    hasher.update(first)
    hasher.update(second)
    return hasher.finalize()
  }

  /// The hash of three words one after the other: the struct hash of a voucher.
  public static func hash(_ first: Hash32, _ second: Hash32, _ third: Hash32) -> Hash32 {
    var hasher = Keccak256()
    hasher.update(first)
    hasher.update(second)
    hasher.update(third)
    return hasher.finalize()
  }

  /// Adds bytes; how they are cut into pieces makes no difference.
  public mutating func update(_ bytes: [UInt8]) { update(bytes.span.bytes) }

  /// Adds the bytes of a slice.
  public mutating func update(_ bytes: ArraySlice<UInt8>) { update(bytes.span.bytes) }

  /// Adds bytes in place, without copying them.
  public mutating func update(_ bytes: RawSpan) {
    let count = bytes.byteCount
    didLookAt(count)
    var offset = 0
    while count - offset >= 8 {
      absorb(lane: UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)))
      offset += 8
    }
    while offset < count {
      absorb(byte: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt8.self))
      offset += 1
    }
  }

  /// Adds 32 bytes.
  public mutating func update(_ word: Hash32) {
    let lane = position >> 3
    guard position & 7 == 0, position + 32 < Self.rate else {
      for index in 0..<4 { absorb(lane: word.words[index].byteSwapped) }
      return
    }
    // Four whole lanes, and the block is not full then.
    for index in 0..<4 { state[lane + index] ^= word.words[index].byteSwapped }
    position += 32
  }

  /// Adds 20 bytes, without padding.
  public mutating func update(_ address: Address) {
    absorb(lane: address.high.byteSwapped)
    absorb(lane: address.middle.byteSwapped)
    for shift: UInt32 in [24, 16, 8, 0] { absorb(byte: UInt8(truncatingIfNeeded: address.low >> shift)) }
  }

  /// Adds one byte.
  public mutating func update(byte: UInt8) { absorb(byte: byte) }

  /// The hash of everything so far. The hasher itself is not changed and may go on.
  public func finalize() -> Hash32 {
    var padded = self
    padded.state[position >> 3] ^= 1 << UInt64((position & 7) * 8)
    padded.state[16] ^= 0x8000_0000_0000_0000
    KeccakPermutation.apply(&padded.state)
    return Hash32(
      words: padded.state[0].byteSwapped, padded.state[1].byteSwapped, padded.state[2].byteSwapped,
      padded.state[3].byteSwapped)
  }

  // Eight bytes at any position: they may straddle two lanes, or the end of the block.
  private mutating func absorb(lane: UInt64) {
    let index = position >> 3
    let shift = UInt64((position & 7) * 8)
    state[index] ^= lane << shift
    position += 8
    if position >= Self.rate {
      KeccakPermutation.apply(&state)
      position -= Self.rate
      if shift != 0 { state[0] ^= lane >> (64 - shift) }
    } else if shift != 0 {
      state[index + 1] ^= lane >> (64 - shift)
    }
  }

  private mutating func absorb(byte: UInt8) {
    state[position >> 3] ^= UInt64(byte) << UInt64((position & 7) * 8)
    position += 1
    if position == Self.rate {
      KeccakPermutation.apply(&state)
      position = 0
    }
  }
}
