extension JSONCursor {
  /// Reads a value as `parseValue(depth:)` does, with the same refusals, and builds nothing where it is written as clients normally
  /// do.
  mutating func skipValue(depth: Int) throws(JSONParseError) {
    if try peek() == UInt8(ascii: "{") {
      let start = index
      let end = bytes.withUnsafeBytes {
        Self.plainObjectEnd($0, from: start, levels: limits.maximumDepth - depth)
      }
      if let end {
        advance(to: end)
        return
      }
    }
    _ = try parseValue(depth: depth)
  }

  /// The end of an object whose keys and values are texts of plain ASCII, or such objects, without white space; at most sixteen
  /// different keys in each. Nil for everything else, right or wrong.
  ///
  /// - Parameter levels: how deep the object may be.
  private static func plainObjectEnd(_ text: UnsafeRawBufferPointer, from start: Int, levels: Int) -> Int? {
    guard levels > 0 else { return nil }
    var keys = PlainKeys()
    var position = start &+ 1
    while true {
      guard position < text.count, text[position] == UInt8(ascii: "\"") else { return nil }
      let key = position &+ 1
      let keyEnd = plainEnd(of: text, from: key)
      guard keyEnd &+ 2 < text.count, text[keyEnd] == UInt8(ascii: "\""),
        text[keyEnd &+ 1] == UInt8(ascii: ":"), keys.insert(key..<keyEnd, of: text)
      else { return nil }
      position = keyEnd &+ 2
      switch text[position] {
      case UInt8(ascii: "\""):
        position = plainEnd(of: text, from: position &+ 1)
        guard position < text.count, text[position] == UInt8(ascii: "\"") else { return nil }
        position &+= 1
      case UInt8(ascii: "{"):
        guard let end = plainObjectEnd(text, from: position, levels: levels - 1) else { return nil }
        position = end
      default:
        return nil
      }
      guard position < text.count else { return nil }
      if text[position] == UInt8(ascii: "}") { return position &+ 1 }
      guard text[position] == UInt8(ascii: ",") else { return nil }
      position &+= 1
    }
  }
}

/// The keys of an object, for finding one that comes twice.
private struct PlainKeys {
  private var places = InlineArray<16, UInt64>(repeating: 0)
  private var count = 0
  /// A bit for every length there is, modulo 64: few keys of an object have the same one.
  private var lengths: UInt64 = 0

  /// False when the key is there already, or when there is no room for it.
  @inline(__always)
  mutating func insert(_ key: Range<Int>, of text: UnsafeRawBufferPointer) -> Bool {
    guard count < 16, key.upperBound <= Int(Int32.max) else { return false }
    let length: UInt64 = 1 &<< UInt64(truncatingIfNeeded: key.count)
    guard lengths & length == 0 || isNew(key, of: text) else { return false }
    lengths |= length
    places[count] = UInt64(key.lowerBound) << 32 | UInt64(key.count)
    count += 1
    return true
  }

  private func isNew(_ key: Range<Int>, of text: UnsafeRawBufferPointer) -> Bool {
    for index in 0..<count where places[index] & 0xFFFF_FFFF == UInt64(key.count) {
      let other = Int(places[index] >> 32)
      let isSame = areEqual(
        UnsafeRawBufferPointer(rebasing: text[key]),
        UnsafeRawBufferPointer(rebasing: text[other..<(other + key.count)]))
      if isSame { return false }
    }
    return true
  }
}
