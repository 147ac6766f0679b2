/// Writes a JSON text of a known shape, piece by piece; see ``base64URL(_:)``.
package struct PlainJSONWriter: ~Copyable {
  // Not an array: that would be filled first, and would ask at every piece whether it is the only one.
  private var memory: UnsafeMutableRawBufferPointer
  private var position = 0
  /// The memory is somebody else's, who gives it back.
  private var isLent: Bool

  private init(_ memory: UnsafeMutableRawBufferPointer) {
    self.memory = memory
    isLent = true
  }

  deinit { if !isLent { memory.deallocate() } }

  /// What `write` writes, in base64url. A text of up to a kilobyte is put together on the stack.
  package static func base64URL(_ write: (inout PlainJSONWriter) -> Void) -> String {
    withUnsafeTemporaryAllocation(byteCount: 1024, alignment: 8) { memory in
      var writer = PlainJSONWriter(memory)
      write(&writer)
      return writer.base64URL()
    }
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
    if count > memory.count - position { grow(count) }
    fill(UnsafeMutableRawBufferPointer(rebasing: memory[position..<(position + count)]))
    position += count
  }

  /// Makes room for `count` bytes more.
  private mutating func grow(_ count: Int) {
    let larger = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(2 * memory.count, position + count), alignment: 8)
    larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[..<position]))
    if !isLent { memory.deallocate() }
    (memory, isLent) = (larger, false)
  }

  /// How much is written: where the next piece begins.
  package var count: Int { position }

  /// Once more what stands there.
  package mutating func again(_ written: Range<Int>) {
    if written.count > memory.count - position { grow(written.count) }
    UnsafeMutableRawBufferPointer(rebasing: memory[position..<(position + written.count)])
      .copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[written]))
    position += written.count
  }

  private func base64URL() -> String {
    UnsafeRawBufferPointer(rebasing: memory[..<position]).withMemoryRebound(to: UInt8.self) {
      Base64Codec.encode(buffer: $0, isURL: true)
    }
  }
}

extension String {
  /// Whether a JSON text may hold these bytes as they are.
  package var isPlainJSON: Bool { isVisibleASCII(without: UInt8(ascii: "\""), UInt8(ascii: "\\")) }
}
