/// A position in a JSON text. Parses values, or lets a reader of a known shape walk through an object itself.
struct JSONCursor {
  let bytes: [UInt8]
  let limits: JSONLimits
  private(set) var index = 0

  /// A number longer than this is nonsense; JSON itself has no limit.
  static let maximumNumberLength = 512

  init(_ bytes: [UInt8], limits: JSONLimits) throws(JSONParseError) {
    guard bytes.count <= limits.maximumBytes else {
      throw JSONParseError(.tooLarge, at: limits.maximumBytes)
    }
    self.bytes = bytes
    self.limits = limits
  }

  func error(_ kind: JSONParseError.Kind) -> JSONParseError {
    JSONParseError(kind, at: index)
  }

  mutating func finish() throws(JSONParseError) {
    skipSpace()
    guard index == bytes.count else { throw error(.trailingBytes) }
  }

  mutating func skipSpace() {
    let start = index
    defer { didLookAt(index - start + 1) }
    while index < bytes.count {
      switch bytes[index] {
      case 0x20, 0x09, 0x0A, 0x0D: index += 1
      default: return
      }
    }
  }

  /// The next byte after white space.
  mutating func peek() throws(JSONParseError) -> UInt8 {
    skipSpace()
    guard index < bytes.count else { throw error(.unexpectedEnd) }
    return bytes[index]
  }

  mutating func expect(_ byte: UInt8) throws(JSONParseError) {
    guard try peek() == byte else { throw error(.unexpectedByte) }
    index += 1
  }

  mutating func parseValue(depth: Int = 0) throws(JSONParseError) -> JSONValue {
    didMake(1, bytes: 0)
    switch try peek() {
    case UInt8(ascii: "\""):
      return .string(try parseString())
    case UInt8(ascii: "{"):
      return try parseObject(depth: depth + 1)
    case UInt8(ascii: "["):
      return try parseArray(depth: depth + 1)
    case UInt8(ascii: "t"):
      try parseWord("true")
      return .bool(true)
    case UInt8(ascii: "f"):
      try parseWord("false")
      return .bool(false)
    case UInt8(ascii: "n"):
      try parseWord("null")
      return .null
    default:
      return try parseNumber()
    }
  }

  private mutating func parseWord(_ word: StaticString) throws(JSONParseError) {
    let end = index + word.utf8CodeUnitCount
    guard end <= bytes.count else { throw error(.unexpectedEnd) }
    for offset in 0..<word.utf8CodeUnitCount where bytes[index + offset] != word.utf8Start[offset] {
      throw error(.unexpectedByte)
    }
    index = end
  }

  private mutating func parseArray(depth: Int) throws(JSONParseError) -> JSONValue {
    guard depth <= limits.maximumDepth else { throw error(.tooDeep) }
    index += 1
    var elements: [JSONValue] = []
    if try peek() == UInt8(ascii: "]") {
      index += 1
      return .array(elements)
    }
    while true {
      guard elements.count < limits.maximumElements else { throw error(.tooManyElements) }
      elements.append(try parseValue(depth: depth))
      if try closes(UInt8(ascii: "]")) { return .array(elements) }
    }
  }

  private mutating func parseObject(depth: Int) throws(JSONParseError) -> JSONValue {
    guard depth <= limits.maximumDepth else { throw error(.tooDeep) }
    index += 1
    var members: [JSONValue.Member] = []
    if try peek() == UInt8(ascii: "}") {
      index += 1
      return .object(members)
    }
    members.reserveCapacity(8)
    didMake(8, bytes: 0)
    while true {
      guard members.count < limits.maximumMembers else { throw error(.tooManyMembers) }
      guard try peek() == UInt8(ascii: "\"") else { throw error(.unexpectedByte) }
      let key = try parseString()
      try expect(UInt8(ascii: ":"))
      members.append(JSONValue.Member(key: key, value: try parseValue(depth: depth)))
      if try closes(UInt8(ascii: "}")) {
        guard !CanonicalJSON.hasDuplicateKeys(members) else { throw error(.duplicateKey) }
        return .object(members)
      }
    }
  }

  /// Reads the comma before the next element or the closing byte; true for the latter.
  mutating func closes(_ closing: UInt8) throws(JSONParseError) -> Bool {
    let byte = try peek()
    guard byte == closing || byte == UInt8(ascii: ",") else { throw error(.unexpectedByte) }
    index += 1
    return byte == closing
  }

  mutating func advance(to newIndex: Int) {
    index = newIndex
  }
}
