extension JSONCursor {
  mutating func parseNumber() throws(JSONParseError) -> JSONValue {
    let start = index
    var position = start
    let isNegative = bytes[position] == UInt8(ascii: "-")
    if isNegative { position += 1 }
    let digits = position
    position = digitsEnd(from: position)
    guard position > digits else {
      throw error(digits == start ? .unexpectedByte : .invalidNumber)
    }
    guard bytes[digits] != UInt8(ascii: "0") || position == digits + 1 else { throw error(.invalidNumber) }
    var isInteger = true
    if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
      isInteger = false
      let fraction = position + 1
      position = digitsEnd(from: fraction)
      guard position > fraction else { throw error(.invalidNumber) }
    }
    if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
      isInteger = false
      var exponent = position + 1
      if exponent < bytes.count, bytes[exponent] == UInt8(ascii: "+") || bytes[exponent] == UInt8(ascii: "-")
      {
        exponent += 1
      }
      position = digitsEnd(from: exponent)
      guard position > exponent else { throw error(.invalidNumber) }
    }
    guard position - start <= Self.maximumNumberLength else { throw error(.numberOutOfRange) }
    if isInteger, let value = integer(digits..<position, isNegative: isNegative) {
      advance(to: position)
      return .integer(value)
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    guard let value = Double(text), value.isFinite else { throw error(.numberOutOfRange) }
    advance(to: position)
    return .number(value)
  }

  private func digitsEnd(from start: Int) -> Int {
    var position = start
    while position < bytes.count, bytes[position] &- UInt8(ascii: "0") <= 9 { position += 1 }
    didLookAt(position - start + 1)
    return position
  }

  /// Nil when the digits do not fit into 64 bits.
  private func integer(_ digits: Range<Int>, isNegative: Bool) -> Int64? {
    guard digits.count <= 19 else { return nil }
    var value: Int64 = 0
    for position in digits {
      let digit = Int64(bytes[position] &- UInt8(ascii: "0"))
      let (scaled, scaleOverflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, sumOverflow) = scaled.subtractingReportingOverflow(digit)
      guard !scaleOverflow, !sumOverflow else { return nil }
      value = sum
    }
    if isNegative { return value }
    return value == .min ? nil : -value
  }
}
