/// Walks through an object whose keys and values are what clients normally write: compact, texts of plain ASCII without escapes, and
/// objects of such. Gives up on everything else; its user then takes the tree, so that giving up costs time and nothing else.
package struct PlainObjectScanner {
  /// The text that the ranges are of.
  package let text: [UInt8]
  private let end: Int
  private var position: Int

  /// Whether the last step left an object, rather than stopped inside of it.
  package private(set) var hasClosed = false

  package init(_ raw: RawJSON) {
    text = raw.text
    position = raw.range.lowerBound
    end = raw.range.upperBound
  }

  /// Enters an object.
  package mutating func open() -> Bool { take(UInt8(ascii: "{")) }

  package enum Step {
    /// A member: where its key stands, without the quotes.
    case member(Range<Int>)
    /// The object has ended.
    case end
    case notPlain
  }

  /// The next key of the object, past its colon. `isFirst` right after ``open()``.
  package mutating func next(isFirst: Bool) -> Step {
    hasClosed = take(UInt8(ascii: "}"))
    if hasClosed { return .end }
    guard isFirst || take(UInt8(ascii: ",")), let key = string(), take(UInt8(ascii: ":")) else {
      return .notPlain
    }
    return .member(key)
  }

  /// Where a text stands, without the quotes.
  package mutating func string() -> Range<Int>? {
    guard take(UInt8(ascii: "\"")) else { return nil }
    let start = position
    let stop = JSONCursor.plainEnd(of: text, from: start)
    guard stop < end, text[stop] == UInt8(ascii: "\"") else { return nil }
    position = stop + 1
    return start..<stop
  }

  /// Where a text of exactly `count` bytes stands, which its reader examines: there may be quotes inside.
  package mutating func string(count: Int) -> Range<Int>? {
    let start = position + 1
    guard start + count < end, text[position] == UInt8(ascii: "\""),
      text[start + count] == UInt8(ascii: "\"")
    else { return nil }
    position = start + count + 1
    return start..<(start + count)
  }

  /// Passes over a text, or an object of texts.
  package mutating func skip() -> Bool {
    guard open() else { return string() != nil }
    var isFirst = true
    while true {
      switch next(isFirst: isFirst) {
      case .member: guard skip() else { return false }
      case .end: return true
      case .notPlain: return false
      }
      isFirst = false
    }
  }

  /// Where the next byte stands.
  package var offset: Int { position }

  /// Passes over exactly these bytes, when they come next.
  package mutating func pass(_ known: [UInt8]) -> Bool {
    guard known.count <= end - position,
      text.span.bytes.extracting(position..<(position + known.count)).equals(known.span.bytes)
    else { return false }
    position += known.count
    return true
  }

  /// A hash of the next bytes, for finding what was read from the same ones before; nil when there are fewer.
  package func fingerprint(window: Int, seed: UInt64) -> UInt64? {
    guard window <= end - position else { return nil }
    return text.withUnsafeBytes {
      Fingerprint.of(UnsafeRawBufferPointer(rebasing: $0[position..<(position + window)]), seed: seed)
    }
  }

  /// Whether the text of a range is this one.
  package func matches(_ range: Range<Int>, _ name: StaticString) -> Bool {
    range.count == name.utf8CodeUnitCount && text.span.bytes.extracting(range).equals(name)
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard position < end, text[position] == byte else { return false }
    position += 1
    return true
  }
}
