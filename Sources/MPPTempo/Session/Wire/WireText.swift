/// The character classes of the wire schemas (`01` §10, `04` §7.2), over bytes: `String` comparison and
/// regular expressions are Unicode-aware and would accept other digits.
enum WireText {
  /// `^[0-9]+$`
  static func isDigits(_ text: String) -> Bool {
    !text.utf8.isEmpty && text.utf8.allSatisfy(isDigit)
  }

  /// `^[0-9]+(\.[0-9]+)?$`
  static func isDecimal(_ text: String) -> Bool {
    let parts = text.utf8.split(separator: 0x2E, maxSplits: 1, omittingEmptySubsequences: false)
    return parts.allSatisfy { !$0.isEmpty && $0.allSatisfy(isDigit) }
  }

  /// `^0x[0-9a-fA-F]+$`, with exactly `count` digits when given.
  static func isHex(_ text: String, count: Int? = nil) -> Bool {
    let bytes = text.utf8
    guard bytes.count > 2, count.map({ bytes.count == $0 + 2 }) ?? true else { return false }
    var iterator = bytes.makeIterator()
    guard iterator.next() == 0x30, iterator.next() == 0x78 else { return false }
    while let byte = iterator.next() {
      guard isHexDigit(byte) else { return false }
    }
    return true
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }
  private static func isHexDigit(_ byte: UInt8) -> Bool {
    isDigit(byte) || (byte | 0x20) &- 0x61 < 6
  }
}
