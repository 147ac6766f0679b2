/// Recursive length prefix encoding (`02` §1.4). The decoder takes exactly what the encoder writes, so bytes
/// that were validated are the bytes that are forwarded.
public enum RLP {
  /// What a decoder may be made to allocate.
  public struct Limits: Sendable, Hashable {
    /// Bytes of the whole input.
    public var maximumBytes: Int
    /// Lists inside lists.
    public var maximumDepth: Int
    /// Strings and lists in total.
    public var maximumItems: Int

    /// Defaults that no protocol message comes near; a whole transaction needs more bytes.
    public init(maximumBytes: Int = 131_072, maximumDepth: Int = 8, maximumItems: Int = 16_384) {
      self.maximumBytes = maximumBytes
      self.maximumDepth = maximumDepth
      self.maximumItems = maximumItems
    }

    /// 128 KiB, depth 8, 16,384 items.
    public static let `default` = Limits()
  }

  /// The canonical bytes of an item; never fails.
  public static func encode(_ item: RLPItem) -> [UInt8] {
    var output: [UInt8] = []
    append(item, to: &output)
    return output
  }

  /// The only item in `bytes`. Rejects every form that ``encode(_:)`` would not have written, and trailing
  /// bytes.
  public static func decode(_ bytes: [UInt8], limits: Limits = .default) throws(RLPError) -> RLPItem {
    try decode(bytes[...], limits: limits)
  }

  /// The only item in a slice, such as a transaction without its type byte.
  public static func decode(_ bytes: ArraySlice<UInt8>, limits: Limits = .default) throws(RLPError) -> RLPItem
  {
    guard bytes.count <= limits.maximumBytes else { throw RLPError.limitExceeded }
    var reader = RLPReader(
      bytes: bytes, remainingItems: limits.maximumItems, maximumDepth: limits.maximumDepth)
    let item = try reader.item(end: bytes.endIndex, depth: 0)
    guard reader.position == bytes.endIndex else { throw RLPError.trailingBytes }
    return item
  }

  /// A minimal integer; zero is the empty string.
  @_disfavoredOverload
  public static func uint(_ value: UInt64) -> RLPItem { uint(UInt256(value)) }
  /// A minimal integer; zero is the empty string.
  @_disfavoredOverload
  public static func uint(_ value: UInt128) -> RLPItem { uint(UInt256(value)) }
  /// A minimal integer; zero is the empty string.
  public static func uint(_ value: UInt256) -> RLPItem { .bytes(value.minimalBytes) }

  private static func append(_ item: RLPItem, to output: inout [UInt8]) {
    switch item {
    case .bytes(let bytes):
      if bytes.count != 1 || bytes[0] >= 0x80 {
        appendHeader(count: bytes.count, offset: 0x80, to: &output)
      }
      didLookAt(bytes.count)
      output.append(contentsOf: bytes)
    case .list(let items):
      var payload: [UInt8] = []
      for item in items { append(item, to: &payload) }
      appendHeader(count: payload.count, offset: 0xc0, to: &output)
      didLookAt(payload.count)
      didMake(1, bytes: payload.count)
      output.append(contentsOf: payload)
    }
  }

  private static func appendHeader(count: Int, offset: UInt8, to output: inout [UInt8]) {
    if count <= 55 {
      output.append(offset + UInt8(count))
    } else {
      let length = UInt256(UInt64(count)).minimalBytes
      output.append(offset + 55 + UInt8(length.count))
      output.append(contentsOf: length)
    }
  }
}
