/// Walks over an encoding once. Nothing is allocated before its length is known to be inside the input.
struct RLPReader {
  let bytes: ArraySlice<UInt8>
  var position: Int
  var remainingItems: Int
  let maximumDepth: Int

  init(bytes: ArraySlice<UInt8>, remainingItems: Int, maximumDepth: Int) {
    self.bytes = bytes
    self.position = bytes.startIndex
    self.remainingItems = remainingItems
    self.maximumDepth = maximumDepth
  }

  /// The next item, which must not reach beyond `end`.
  mutating func item(end: Int, depth: Int) throws(RLPError) -> RLPItem {
    guard remainingItems > 0, depth <= maximumDepth else { throw RLPError.limitExceeded }
    remainingItems -= 1
    guard position < end else { throw RLPError.truncated }
    let prefix = bytes[position]
    position += 1
    didLookAt(1)
    didMake(1, bytes: 0)
    switch prefix {
    case 0..<0x80:
      didMake(0, bytes: 1)
      return .bytes([prefix])
    case 0x80..<0xc0:
      let count = try length(prefix - 0x80, end: end)
      let content = bytes[position..<position + count]
      if count == 1, content[position] < 0x80 { throw RLPError.nonCanonicalLength }
      position += count
      didLookAt(count)
      didMake(0, bytes: count)
      return .bytes(Array(content))
    default:
      let count = try length(prefix - 0xc0, end: end)
      let listEnd = position + count
      var items: [RLPItem] = []
      while position < listEnd { items.append(try item(end: listEnd, depth: depth + 1)) }
      return .list(items)
    }
  }

  /// The length that a prefix announces, with the position moved behind its length bytes.
  private mutating func length(_ marker: UInt8, end: Int) throws(RLPError) -> Int {
    guard marker > 55 else {
      guard Int(marker) <= end - position else { throw RLPError.truncated }
      return Int(marker)
    }
    let lengthCount = Int(marker) - 55
    guard lengthCount <= end - position else { throw RLPError.truncated }
    guard bytes[position] != 0 else { throw RLPError.nonCanonicalLength }
    didLookAt(lengthCount)
    var value: UInt64 = 0
    for _ in 0..<lengthCount {
      value = value << 8 | UInt64(bytes[position])
      position += 1
    }
    guard value > 55 else { throw RLPError.nonCanonicalLength }
    guard value <= UInt64(end - position) else { throw RLPError.truncated }
    return Int(value)
  }
}
