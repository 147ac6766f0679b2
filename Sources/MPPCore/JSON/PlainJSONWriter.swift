/// Writes a JSON text of a known shape, piece by piece, into memory reserved once.
package struct PlainJSONWriter {
  private var buffer: [UInt8]
  private var position = 0

  /// - Parameter capacity: bytes the text may need; more are taken when it is longer.
  package init(capacity: Int) {
    buffer = [UInt8](repeating: 0, count: max(capacity, 64))
  }

  /// As it stands.
  package mutating func raw(_ text: StaticString) {
    let source = UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    reserve(source.count) { $0.copyMemory(from: source) }
  }

  /// The content of a text that needs no escapes (``Swift/String/isPlainJSON``).
  package mutating func text(_ text: String) {
    reserve(text.utf8.count) { target in
      text.utf8.span.bytes.withUnsafeBytes { target.copyMemory(from: $0) }
    }
  }

  package mutating func number(_ value: UInt64) {
    var length = 1
    var bound: UInt64 = 10
    while value >= bound, length < 20 {
      length += 1
      let (next, overflow) = bound.multipliedReportingOverflow(by: 10)
      bound = overflow ? .max : next
      if overflow { break }
    }
    reserve(length) { target in
      var rest = value
      for index in stride(from: length - 1, through: 0, by: -1) {
        target[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
        rest /= 10
      }
    }
  }

  /// The digits of an amount, without quotes.
  package mutating func amount(_ value: Amount) {
    if let small = UInt64(exactly: value.units) { number(small) } else { text(value.description) }
  }

  /// Room for `count` bytes; `fill` writes all of them.
  package mutating func reserve(_ count: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Void) {
    let start = position
    position += count
    if position > buffer.count {
      buffer.append(contentsOf: repeatElement(0, count: max(buffer.count, position - buffer.count)))
    }
    buffer.withUnsafeMutableBytes {
      fill(UnsafeMutableRawBufferPointer(rebasing: $0[start..<(start + count)]))
    }
  }

  /// The text in base64url.
  package func base64URL() -> String {
    buffer.withUnsafeBufferPointer {
      Base64Codec.encode(buffer: UnsafeBufferPointer(rebasing: $0[..<position]), isURL: true)
    }
  }
}

extension String {
  /// Whether a JSON text may hold these bytes as they are.
  package var isPlainJSON: Bool { isVisibleASCII(without: UInt8(ascii: "\""), UInt8(ascii: "\\")) }
}
