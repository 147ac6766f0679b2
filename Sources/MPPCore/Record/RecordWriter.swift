/// Writes the stored form of a record: a schema number, fields in a fixed order, big-endian, and a checksum of everything
/// before it. There are no field names: the schema number says what the order is.
package struct RecordWriter: ~Copyable {
  // Filled from the front; what is behind `position` is room.
  private var buffer: [UInt8]
  private var position = 0

  package init(schema: UInt8, capacity: Int = 256) {
    buffer = [UInt8](repeating: 0, count: max(capacity, 16))
    byte(schema)
  }

  package mutating func byte(_ value: UInt8) {
    let start = take(1)
    buffer[start] = value
  }

  package mutating func flag(_ value: Bool) { byte(value ? 1 : 0) }

  package mutating func integer(_ value: UInt16) {
    let start = take(2)
    buffer.withUnsafeMutableBytes { $0.storeBytes(of: value.bigEndian, toByteOffset: start, as: UInt16.self) }
  }

  package mutating func integer(_ value: UInt32) {
    let start = take(4)
    buffer.withUnsafeMutableBytes { $0.storeBytes(of: value.bigEndian, toByteOffset: start, as: UInt32.self) }
  }

  package mutating func integer(_ value: UInt64) {
    let start = take(8)
    buffer.withUnsafeMutableBytes { $0.storeBytes(of: value.bigEndian, toByteOffset: start, as: UInt64.self) }
  }

  package mutating func timestamp(_ value: Timestamp) {
    integer(UInt64(bitPattern: value.milliseconds))
  }

  /// 12 bytes: amounts in records are uint96.
  ///
  /// - Throws: `RecordError.range` for a larger amount.
  package mutating func amount(_ value: Amount) throws(RecordError) {
    guard value <= .maxUInt96 else { throw .range }
    integer(UInt32(truncatingIfNeeded: value.units >> 64))
    integer(UInt64(truncatingIfNeeded: value.units))
  }

  /// Bytes whose number the schema fixes.
  package mutating func fixed(_ value: [UInt8]) {
    let start = take(value.count)
    buffer.withUnsafeMutableBytes { buffer in
      value.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: buffer[start...]).copyMemory(from: $0) }
    }
  }

  /// Fields that know how to append themselves; the schema fixes their length.
  package mutating func append(_ write: (inout [UInt8]) -> Void) {
    var bytes: [UInt8] = []
    write(&bytes)
    fixed(bytes)
  }

  /// Length (two bytes) and content.
  ///
  /// - Throws: `RecordError.range` when there are more than 65,535.
  package mutating func variable(_ value: [UInt8]) throws(RecordError) {
    try count(value.count)
    fixed(value)
  }

  /// Number of the elements that follow.
  package mutating func count(_ value: Int) throws(RecordError) {
    guard let short = UInt16(exactly: value) else { throw .range }
    integer(short)
  }

  /// Whether the value follows, and the value.
  package mutating func optional<T>(
    _ value: T?, _ write: (inout RecordWriter, T) throws(RecordError) -> Void
  ) throws(RecordError) {
    flag(value != nil)
    if let value { try write(&self, value) }
  }

  /// Appends the checksum and gives the finished bytes.
  package consuming func finish() -> [UInt8] {
    let sum = RecordChecksum.of(buffer[..<position])
    integer(sum)
    buffer.removeLast(buffer.count - position)
    return buffer
  }

  /// Where the next `count` bytes go; makes room when the capacity was too small.
  private mutating func take(_ count: Int) -> Int {
    let start = position
    position += count
    if position > buffer.count {
      buffer.append(contentsOf: repeatElement(0, count: max(buffer.count, position - buffer.count)))
    }
    return start
  }
}
