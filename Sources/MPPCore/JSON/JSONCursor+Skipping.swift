/// The keys of an object, for finding one that comes twice. Up to sixteen plain ones are kept without a heap allocation.
private struct KeySet {
  private static let capacity = 16
  private var starts = InlineArray<16, Int32>(repeating: 0)
  private var lengths = InlineArray<16, Int32>(repeating: 0)
  private var count = 0

  /// False when there is no room for the key, or when it is not plain.
  enum Insertion {
    case inserted
    case duplicate
    case full
  }

  mutating func insert(_ key: JSONKey, in text: RawSpan) -> Insertion {
    guard key.text == nil, count < Self.capacity, key.range.upperBound <= Int(Int32.max) else { return .full }
    let (start, length) = (Int32(key.range.lowerBound), Int32(key.range.count))
    for index in 0..<count where lengths[index] == length {
      let other = Int(starts[index])
      if text.extracting(key.range).equals(text.extracting(other..<(other + Int(length)))) {
        return .duplicate
      }
    }
    starts[count] = start
    lengths[count] = length
    count += 1
    return .inserted
  }
}

extension JSONCursor {
  /// Reads a value as `parseValue(depth:)` does, with the same refusals, and builds nothing.
  mutating func skipValue(depth: Int) throws(JSONParseError) {
    switch try peek() {
    case UInt8(ascii: "\""): _ = try parseKey()
    case UInt8(ascii: "{"): try skipObject(depth: depth + 1)
    // Arrays are rare where values are skipped.
    default: _ = try parseValue(depth: depth)
    }
  }

  private mutating func skipObject(depth: Int) throws(JSONParseError) {
    let start = index
    guard depth <= limits.maximumDepth else { throw error(.tooDeep) }
    advance(to: start + 1)
    if try peek() == UInt8(ascii: "}") {
      advance(to: index + 1)
      return
    }
    var keys = KeySet()
    var count = 0
    while true {
      guard count < limits.maximumMembers else { throw error(.tooManyMembers) }
      guard try peek() == UInt8(ascii: "\"") else { throw error(.unexpectedByte) }
      switch keys.insert(try parseKey(), in: bytes.span.bytes) {
      case .inserted: break
      case .duplicate: throw error(.duplicateKey)
      case .full:
        // Many keys, or keys with escapes: as a tree.
        advance(to: start)
        _ = try parseValue(depth: depth - 1)
        return
      }
      try expect(UInt8(ascii: ":"))
      try skipValue(depth: depth)
      count += 1
      if try closes(UInt8(ascii: "}")) { return }
    }
  }
}
