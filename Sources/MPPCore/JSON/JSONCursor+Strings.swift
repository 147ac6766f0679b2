extension JSONCursor {
  /// Reads a string; the cursor stands on the opening quote.
  mutating func parseString() throws(JSONParseError) -> String {
    let start = index + 1
    let end = plainEnd(from: start)
    guard end < bytes.count else {
      advance(to: bytes.count)
      throw error(.unexpectedEnd)
    }
    guard bytes[end] == UInt8(ascii: "\"") else { return try parseUnusualString(from: start) }
    advance(to: end + 1)
    didMake(0, bytes: end - start)
    return bytes.withUnsafeBufferPointer {
      String(decoding: UnsafeBufferPointer(rebasing: $0[start..<end]), as: UTF8.self)
    }
  }

  /// Reads a string whose text is only compared; the cursor stands on the opening quote.
  mutating func parseKey() throws(JSONParseError) -> JSONKey {
    let start = index + 1
    let end = plainEnd(from: start)
    guard end < bytes.count, bytes[end] == UInt8(ascii: "\"") else { return JSONKey(text: try parseString()) }
    advance(to: end + 1)
    return JSONKey(range: start..<end)
  }

  func matches(_ key: JSONKey, _ name: StaticString) -> Bool {
    if let text = key.text { return text.equalsBytes(of: "\(name)") }
    return key.range.count == name.utf8CodeUnitCount && bytes.span.bytes.extracting(key.range).equals(name)
  }

  func text(of key: JSONKey) -> String {
    if let text = key.text { return text }
    didMake(0, bytes: key.range.count)
    return String(decoding: bytes[key.range], as: UTF8.self)
  }

  func plainEnd(from start: Int) -> Int { Self.plainEnd(of: bytes, from: start) }

  static func plainEnd(of bytes: [UInt8], from start: Int) -> Int {
    bytes.withUnsafeBytes { plainEnd(of: $0, from: start) }
  }

  /// The first byte from `start` on that is a quote, a backslash, a control character or not ASCII.
  @inline(__always)
  static func plainEnd(of raw: UnsafeRawBufferPointer, from start: Int) -> Int {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let highs: UInt64 = 0x8080_8080_8080_8080
    var position = start
    while position &+ 8 <= raw.count {
      let word = raw.loadUnaligned(fromByteOffset: position, as: UInt64.self)
      let quote = word ^ (ones &* 0x22)
      let backslash = word ^ (ones &* 0x5C)
      // The high bit of a byte is set where that byte is zero (first two) or below 0x20 (third), or is not ASCII. Bytes before the
      // first such one have it clear: a borrow comes only from a byte that was found.
      let found =
        (((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash)
          | ((word &- (ones &* 0x20)) & ~word) | word) & highs
      if found != 0 {
        position &+= found.littleEndian.trailingZeroBitCount &>> 3
        didLookAt(position - start + 1)
        return position
      }
      position &+= 8
    }
    while position < raw.count {
      let byte = raw[position]
      if byte == 0x22 || byte == 0x5C || byte < 0x20 || byte >= 0x80 { break }
      position &+= 1
    }
    didLookAt(position - start + 1)
    return position
  }

  /// A string with escapes or characters beyond ASCII, or a broken one.
  private mutating func parseUnusualString(from start: Int) throws(JSONParseError) -> String {
    var output: [UInt8] = []
    var position = start
    while true {
      let end = plainEnd(from: position)
      output.append(contentsOf: bytes[position..<end])
      advance(to: end)
      guard end < bytes.count else { throw error(.unexpectedEnd) }
      let byte = bytes[end]
      switch byte {
      case UInt8(ascii: "\""):
        didMake(0, bytes: 2 * output.count)
        guard let text = String(validating: output, as: UTF8.self) else { throw error(.invalidUTF8) }
        advance(to: end + 1)
        return text
      case UInt8(ascii: "\\"):
        position = try parseEscape(at: end + 1, into: &output)
      case 0x80...:
        output.append(byte)
        position = end + 1
      default:
        throw error(.controlCharacter)
      }
    }
  }

  /// Reads what follows a backslash and returns the position after it.
  private mutating func parseEscape(at start: Int, into output: inout [UInt8]) throws(JSONParseError) -> Int {
    guard start < bytes.count else { throw error(.unexpectedEnd) }
    switch bytes[start] {
    case UInt8(ascii: "\""): output.append(0x22)
    case UInt8(ascii: "\\"): output.append(0x5C)
    case UInt8(ascii: "/"): output.append(0x2F)
    case UInt8(ascii: "b"): output.append(0x08)
    case UInt8(ascii: "f"): output.append(0x0C)
    case UInt8(ascii: "n"): output.append(0x0A)
    case UInt8(ascii: "r"): output.append(0x0D)
    case UInt8(ascii: "t"): output.append(0x09)
    case UInt8(ascii: "u"): return try parseUnicodeEscape(at: start + 1, into: &output)
    default: throw error(.invalidEscape)
    }
    return start + 1
  }

  private func parseUnicodeEscape(at start: Int, into output: inout [UInt8]) throws(JSONParseError) -> Int {
    let first = try hexUnit(at: start)
    guard !UTF16.isTrailSurrogate(first) else { throw error(.loneSurrogate) }
    guard UTF16.isLeadSurrogate(first) else {
      append(Unicode.Scalar(first), to: &output)
      return start + 4
    }
    guard start + 5 < bytes.count, bytes[start + 4] == UInt8(ascii: "\\"),
      bytes[start + 5] == UInt8(ascii: "u")
    else { throw error(.loneSurrogate) }
    let second = try hexUnit(at: start + 6)
    guard UTF16.isTrailSurrogate(second) else { throw error(.loneSurrogate) }
    let value = 0x10000 + (UInt32(first) - 0xD800) << 10 + (UInt32(second) - 0xDC00)
    append(Unicode.Scalar(value), to: &output)
    return start + 10
  }

  private func hexUnit(at start: Int) throws(JSONParseError) -> UInt16 {
    guard start + 4 <= bytes.count else { throw error(.unexpectedEnd) }
    var unit: UInt16 = 0
    for position in start..<(start + 4) {
      guard let digit = bytes[position].hexDigitValue else { throw error(.invalidEscape) }
      unit = unit << 4 | UInt16(digit)
    }
    return unit
  }

  private func append(_ scalar: Unicode.Scalar?, to output: inout [UInt8]) {
    if let scalar { output.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter) }
  }
}

/// A key of an object: where it stands, or its text if it is not plain ASCII.
struct JSONKey {
  var range: Range<Int> = 0..<0
  var text: String?
}
