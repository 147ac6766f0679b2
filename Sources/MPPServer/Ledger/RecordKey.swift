import Crypto

/// The name of one record in the ledger: a kind (see ``RecordKind``) and an identifier.
///
/// Identifiers of up to 32 bytes are kept as they are, inline and without a heap allocation; longer ones are
/// replaced by their SHA-256 and marked as such, so that two different identifiers never share a key.
public struct RecordKey: Sendable, Hashable {
  /// Longest identifier that is kept verbatim, in bytes.
  public static let maximumInlineLength = 32
  private static let hashedMark: UInt8 = 33

  /// See ``RecordKind``; applications use 128 and above.
  public let kind: UInt8
  /// Length of the identifier, or 33 for a hashed one.
  @usableFromInline let length: UInt8
  @usableFromInline let word0: UInt64
  @usableFromInline let word1: UInt64
  @usableFromInline let word2: UInt64
  @usableFromInline let word3: UInt64

  /// - Parameter id: any number of bytes; more than 32 are replaced by their SHA-256.
  public init(kind: UInt8, id: some Collection<UInt8>) {
    if id.count <= Self.maximumInlineLength {
      self.init(kind: kind, length: UInt8(id.count), content: id)
    } else {
      self.init(
        kind: kind, length: Self.hashedMark, content: Array(SHA256.hash(data: Array(id))))
    }
  }

  /// The same for an array, which most identifiers are: on the path of every request.
  public init(kind: UInt8, id: [UInt8]) {
    guard id.count == Self.maximumInlineLength else {
      self.init(kind: kind, id: id[...])
      return
    }
    let words = id.withUnsafeBytes { bytes in
      func word(_ index: Int) -> UInt64 {
        UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self))
      }
      return (word(0), word(1), word(2), word(3))
    }
    self.init(kind: kind, length: UInt8(Self.maximumInlineLength), words: words)
  }

  /// The same for an identifier of 32 bytes, given as big-endian words.
  package init(kind: UInt8, words: (UInt64, UInt64, UInt64, UInt64)) {
    self.init(kind: kind, length: UInt8(Self.maximumInlineLength), words: words)
  }

  /// Reads what ``bytes`` wrote.
  ///
  /// - Throws: `StoreError` with code `corrupt` when the bytes are not a key.
  public init(bytes: some Collection<UInt8>) throws(StoreError) {
    let content = bytes.dropFirst(2)
    guard let kind = bytes.first, let length = bytes.dropFirst().first, length <= Self.hashedMark,
      content.count == min(Int(length), Self.maximumInlineLength)
    else { throw StoreError(.corrupt, "the bytes are not a record key") }
    self.init(kind: kind, length: length, content: content)
  }

  private init(kind: UInt8, length: UInt8, content: some Collection<UInt8>) {
    var words = (UInt64(0), UInt64(0), UInt64(0), UInt64(0))
    var position = 0
    for byte in content {
      let shifted = UInt64(byte) << UInt64(56 - 8 * (position % 8))
      switch position / 8 {
      case 0: words.0 |= shifted
      case 1: words.1 |= shifted
      case 2: words.2 |= shifted
      default: words.3 |= shifted
      }
      position += 1
    }
    self.init(kind: kind, length: length, words: words)
  }

  private init(kind: UInt8, length: UInt8, words: (UInt64, UInt64, UInt64, UInt64)) {
    self.kind = kind
    self.length = length
    (word0, word1, word2, word3) = words
  }

  /// Identifier bytes; for an identifier longer than 32 bytes its SHA-256.
  public var id: [UInt8] { Array(bytes.dropFirst(2)) }

  /// Stored form: kind, length, identifier. Keys of one kind are contiguous in byte order.
  public var bytes: [UInt8] {
    let words = (word0.bigEndian, word1.bigEndian, word2.bigEndian, word3.bigEndian)
    return withUnsafeBytes(of: words) { words in
      var bytes: [UInt8] = []
      bytes.reserveCapacity(2 + Self.maximumInlineLength)
      bytes.append(kind)
      bytes.append(length)
      bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: words.prefix(Int(length))))
      return bytes
    }
  }

  /// Which of `count` shards holds this key; `count` must be a power of two.
  @usableFromInline
  func shard(of count: Int) -> Int { Int(mixed >> 48) & (count - 1) }

  /// As ``shard(of:)``, by other bits: tells the keys of one shard apart.
  func part(of count: Int) -> Int { Int(mixed >> 56) & (count - 1) }

  private var mixed: UInt64 {
    // Channel identifiers are hashes already; the fold spreads short sequential ones as well.
    let folded = word0 ^ word1 ^ word2 ^ word3 ^ UInt64(kind)
    return (folded ^ (folded >> 32)) &* 0x9E37_79B9_7F4A_7C15
  }
}

extension RecordKey {
  @inlinable
  public static func == (left: RecordKey, right: RecordKey) -> Bool {
    (left.word0 ^ right.word0) | (left.word1 ^ right.word1) | (left.word2 ^ right.word2)
      | (left.word3 ^ right.word3) | UInt64(left.kind ^ right.kind) | UInt64(left.length ^ right.length) == 0
  }

  /// Of a channel's identifier one word is enough: it is a hash, so nobody can choose it.
  @inlinable
  public func hash(into hasher: inout Hasher) {
    hasher.combine(word0)
    guard kind != RecordKind.channel else { return }
    hasher.combine(word1)
    hasher.combine(word2)
    hasher.combine(word3)
    hasher.combine(UInt64(kind) << 8 | UInt64(length))
  }
}

extension RecordKey: Comparable {
  /// Order of the stored bytes.
  public static func < (left: RecordKey, right: RecordKey) -> Bool {
    (UInt64(left.kind), UInt64(left.length), left.word0, left.word1, left.word2, left.word3)
      < (UInt64(right.kind), UInt64(right.length), right.word0, right.word1, right.word2, right.word3)
  }
}

extension RecordKey: CustomStringConvertible {
  /// Kind and first bytes of the identifier, short enough for a log line.
  public var description: String {
    let digits = id.prefix(4).map { byte in
      let text = String(byte, radix: 16)
      return text.count == 1 ? "0" + text : text
    }
    return "\(kind):" + digits.joined()
  }
}
