/// What a record contributes to one index of its kind.
public struct IndexValue: Sendable, Hashable {
  /// Longest value, in bytes.
  public static let maximumLength = 256

  /// 1 to 4.
  public let slot: Int
  /// Compared as unsigned bytes; write numbers big-endian.
  public let bytes: [UInt8]

  /// Not checked here: a write with a slot outside 1 to 4, or with more than 256 bytes, is refused by the
  /// store as `invalid`.
  public init(slot: Int, bytes: [UInt8]) {
    self.slot = slot
    self.bytes = bytes
  }

  /// A number that sorts by size, for example milliseconds since 1970. Negative numbers count as zero.
  public init(slot: Int, number: Int64) {
    self.init(slot: slot, bytes: Self.bytes(of: number))
  }

  /// Big-endian form used by ``init(slot:number:)``, for the bounds of an ``IndexRange``.
  public static func bytes(of number: Int64) -> [UInt8] {
    withUnsafeBytes(of: UInt64(max(number, 0)).bigEndian) { [UInt8]($0) }
  }

  var isValid: Bool { (1...LedgerIndex.slots).contains(slot) && bytes.count <= Self.maximumLength }
}
