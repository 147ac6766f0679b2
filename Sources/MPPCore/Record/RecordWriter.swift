/// Writes the stored form of a record: a schema number, fields in a fixed order, big-endian, and a checksum of everything
/// before it. There are no field names: the schema number says what the order is.
package struct RecordWriter: ~Copyable {
  package private(set) var bytes: [UInt8] = []

  package init(schema: UInt8, capacity: Int = 256) {
    bytes.reserveCapacity(capacity)
    bytes.append(schema)
  }

  package mutating func byte(_ value: UInt8) { bytes.append(value) }

  package mutating func flag(_ value: Bool) { bytes.append(value ? 1 : 0) }

  package mutating func integer<T: FixedWidthInteger & UnsignedInteger>(_ value: T) {
    withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
  }

  package mutating func timestamp(_ value: Timestamp) {
    integer(UInt64(bitPattern: value.milliseconds))
  }

  /// 12 bytes: amounts in records are uint96.
  ///
  /// - Throws: `RecordError.range` for a larger amount.
  package mutating func amount(_ value: Amount) throws(RecordError) {
    guard value <= .maxUInt96 else { throw .range }
    withUnsafeBytes(of: value.units.bigEndian) { bytes.append(contentsOf: $0[4...]) }
  }

  /// Bytes whose number the schema fixes.
  package mutating func fixed(_ value: some Collection<UInt8>) { bytes.append(contentsOf: value) }

  /// Fields that know how to append themselves; the schema fixes their length.
  package mutating func append(_ write: (inout [UInt8]) -> Void) { write(&bytes) }

  /// Length (two bytes) and content.
  ///
  /// - Throws: `RecordError.range` when there are more than 65,535.
  package mutating func variable(_ value: [UInt8]) throws(RecordError) {
    try count(value.count)
    bytes.append(contentsOf: value)
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
    let sum = RecordChecksum.of(bytes[...])
    integer(sum)
    return bytes
  }
}
