/// Finds the `Payment` challenges in a `WWW-Authenticate` value and reads their parameters (`01` §3.3).
/// Every byte is looked at a fixed number of times.
struct AuthParameterScanner {
  let bytes: ArraySlice<UInt8>
  private var index: Int

  struct Parameter {
    /// Lower case.
    let name: String
    let value: String
  }

  /// `bytes` is what follows the scheme.
  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    index = bytes.startIndex
  }

  /// Parameters up to the end or to the next scheme.
  static func parameters(
    _ bytes: ArraySlice<UInt8>, limits: ChallengeLimits
  ) throws(ChallengeError) -> [Parameter] {
    var scanner = AuthParameterScanner(bytes)
    var parameters: [Parameter] = []
    while let parameter = try scanner.next() {
      guard parameters.count < limits.maximumParameters else { throw .tooManyParameters }
      guard !parameters.contains(where: { $0.name.equalsBytes(of: parameter.name) }) else {
        throw .duplicateParameter(parameter.name)
      }
      parameters.append(parameter)
    }
    return parameters
  }

  private mutating func next() throws(ChallengeError) -> Parameter? {
    skip { $0.isHTTPSpace || $0 == UInt8(ascii: ",") }
    guard index < bytes.endIndex else { return nil }
    let start = index
    skip(Self.isNameByte)
    guard index > start else { throw .malformedParameter }
    let name = String(decoding: bytes[start..<index].map(\.asciiLowercased), as: UTF8.self)
    skip(\.isHTTPSpace)
    // A name without a value is the next scheme; what follows belongs to it.
    guard index < bytes.endIndex, bytes[index] == UInt8(ascii: "=") else { return nil }
    index += 1
    skip(\.isHTTPSpace)
    if index < bytes.endIndex, bytes[index] == UInt8(ascii: "\"") {
      index += 1
      return Parameter(name: name, value: try quotedValue())
    }
    let valueStart = index
    skip { $0 != UInt8(ascii: ",") }
    var end = index
    while end > valueStart, bytes[end - 1].isHTTPSpace { end -= 1 }
    return Parameter(name: name, value: String(decoding: bytes[valueStart..<end], as: UTF8.self))
  }

  private mutating func skip(_ matches: (UInt8) -> Bool) {
    let start = index
    while index < bytes.endIndex, matches(bytes[index]) { index += 1 }
    didLookAt(index - start + 1)
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
      true
    default: false
    }
  }

  /// Reads up to the closing quote. `\uXXXX` is a UTF-16 unit, any other `\x` is `x`.
  private mutating func quotedValue() throws(ChallengeError) -> String {
    var output: [UInt8] = []
    let start = index
    defer { didLookAt(index - start) }
    while index < bytes.endIndex {
      let byte = bytes[index]
      index += 1
      if byte == UInt8(ascii: "\"") { return String(decoding: output, as: UTF8.self) }
      guard byte == UInt8(ascii: "\\") else {
        output.append(byte)
        continue
      }
      guard index < bytes.endIndex else { break }
      guard let unit = escapedUnit(at: index) else {
        output.append(bytes[index])
        index += 1
        continue
      }
      index += 5
      try appendUnit(unit, to: &output)
    }
    throw .unterminatedQuotedString
  }

  private func escapedUnit(at start: Int) -> UInt16? {
    guard start + 4 < bytes.endIndex, bytes[start] == UInt8(ascii: "u") else { return nil }
    var unit: UInt16 = 0
    for position in (start + 1)...(start + 4) {
      guard let digit = bytes[position].hexDigitValue else { return nil }
      unit = unit << 4 | UInt16(digit)
    }
    return unit
  }

  /// Joins surrogate pairs; half a pair is not a character.
  private mutating func appendUnit(_ unit: UInt16, to output: inout [UInt8]) throws(ChallengeError) {
    var units = [unit]
    if UTF16.isLeadSurrogate(unit), index < bytes.endIndex, bytes[index] == UInt8(ascii: "\\"),
      let second = escapedUnit(at: index + 1)
    {
      units.append(second)
      index += 6
    }
    guard let text = String(validating: units, as: UTF16.self) else { throw .malformedParameter }
    output.append(contentsOf: text.utf8)
  }

  /// Where each `Payment` challenge starts (after the scheme) and ends: outside quotes, `payment` in any
  /// case, followed by white space, at the beginning or after a comma.
  static func paymentRanges(
    in bytes: [UInt8], limits: ChallengeLimits
  ) throws(ChallengeError) -> [Range<Int>] {
    let scheme = Array("payment".utf8)
    var starts: [Int] = []
    var previous: UInt8 = UInt8(ascii: ",")
    var isQuoted = false
    var index = 0
    while index < bytes.count {
      didLookAt(1)
      let byte = bytes[index]
      if isQuoted {
        if byte == UInt8(ascii: "\\") { index += 1 } else if byte == UInt8(ascii: "\"") { isQuoted = false }
      } else if byte == UInt8(ascii: "\"") {
        isQuoted = true
        previous = byte
      } else if !byte.isHTTPSpace {
        let end = index + scheme.count
        if previous == UInt8(ascii: ","), end < bytes.count, bytes[end].isHTTPSpace,
          bytes[index..<end].lazy.map(\.asciiLowercased).elementsEqual(scheme)
        {
          guard starts.count < limits.maximumChallenges else { throw .tooManyChallenges }
          starts.append(index)
          index = end - 1
        }
        previous = byte
      }
      index += 1
    }
    let ends = starts.dropFirst() + [bytes.count]
    return zip(starts, ends).map { $0 + scheme.count..<$1 }
      .filter { bytes[$0].contains { !$0.isHTTPSpace && $0 != UInt8(ascii: ",") } }
  }
}
