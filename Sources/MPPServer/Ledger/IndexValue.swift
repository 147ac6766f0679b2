/// What a record contributes to one index of its kind.
public struct IndexValue: Sendable, Hashable {
  /// Longest value, in bytes.
  public static let maximumLength = 256

  /// 1 to 4.
  public let slot: Int
  private let content: Content

  /// Eight bytes, which most values are, are a number: they need no memory of their own.
  private enum Content: Sendable, Hashable {
    case word(UInt64)
    case bytes([UInt8])
  }

  /// Compared as unsigned bytes; write numbers big-endian.
  public var bytes: [UInt8] {
    switch content {
    case .word(let word): withUnsafeBytes(of: word.bigEndian) { [UInt8]($0) }
    case .bytes(let bytes): bytes
    }
  }

  /// Not checked here: a write with a slot outside 1 to 4, or with more than 256 bytes, is refused by the
  /// store as `invalid`.
  public init(slot: Int, bytes: [UInt8]) {
    self.slot = slot
    content = bytes.count == 8 ? .word(bytes.reduce(0) { $0 << 8 | UInt64($1) }) : .bytes(bytes)
  }

  /// A number that sorts by size, for example milliseconds since 1970. Negative numbers count as zero.
  public init(slot: Int, number: Int64) {
    self.slot = slot
    content = .word(UInt64(max(number, 0)))
  }

  /// Big-endian form used by ``init(slot:number:)``, for the bounds of an ``IndexRange``.
  public static func bytes(of number: Int64) -> [UInt8] {
    withUnsafeBytes(of: UInt64(max(number, 0)).bigEndian) { [UInt8]($0) }
  }

  var isValid: Bool {
    guard (1...LedgerIndex.slots).contains(slot) else { return false }
    guard case .bytes(let bytes) = content else { return true }
    return bytes.count <= Self.maximumLength
  }
}
