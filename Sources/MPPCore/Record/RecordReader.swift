/// Reads what ``RecordWriter`` wrote, strictly: the checksum first, then every field, then the end.
package struct RecordReader {
  package let schema: UInt8
  private let bytes: [UInt8]
  private var position = 1
  private let end: Int

  /// - Throws: `RecordError.damaged` when the checksum does not fit, `.newerSchema` for a schema above `newest`.
  package init(_ bytes: [UInt8], newest: UInt8) throws(RecordError) {
    guard bytes.count > RecordChecksum.length else { throw .damaged }
    end = bytes.count - RecordChecksum.length
    var stored: UInt64 = 0
    for byte in bytes[end...] { stored = stored << 8 | UInt64(byte) }
    guard RecordChecksum.of(bytes[..<end]) == stored else { throw .damaged }
    schema = bytes[0]
    self.bytes = bytes
    guard schema >= 1 else { throw .damaged }
    guard schema <= newest else { throw .newerSchema(schema) }
  }

  package mutating func byte() throws(RecordError) -> UInt8 {
    guard position < end else { throw .truncated }
    position += 1
    return bytes[position - 1]
  }

  package mutating func flag() throws(RecordError) -> Bool {
    switch try byte() {
    case 0: return false
    case 1: return true
    default: throw .range
    }
  }

  package mutating func integer<T: FixedWidthInteger & UnsignedInteger>(
    _ type: T.Type = T.self
  ) throws(RecordError) -> T {
    var value: T = 0
    for byte in try take(T.bitWidth / 8) { value = T(truncatingIfNeeded: value << 8) | T(byte) }
    return value
  }

  package mutating func timestamp() throws(RecordError) -> Timestamp {
    Timestamp(milliseconds: Int64(bitPattern: try integer()))
  }

  package mutating func amount() throws(RecordError) -> Amount {
    var units: UInt128 = 0
    for byte in try take(12) { units = units << 8 | UInt128(byte) }
    return Amount(units: units)
  }

  package mutating func fixed(_ length: Int) throws(RecordError) -> [UInt8] { Array(try take(length)) }

  package mutating func variable(maximum: Int) throws(RecordError) -> [UInt8] {
    Array(try take(try count(maximum: maximum)))
  }

  package mutating func count(maximum: Int) throws(RecordError) -> Int {
    let value = Int(try integer(UInt16.self))
    guard value <= maximum else { throw .range }
    return value
  }

  package mutating func optional<T>(
    _ read: (inout RecordReader) throws(RecordError) -> T
  ) throws(RecordError) -> T? {
    try flag() ? try read(&self) : nil
  }

  /// - Throws: `RecordError.trailing` when something is left.
  package func finish() throws(RecordError) {
    guard position == end else { throw .trailing }
  }

  private mutating func take(_ count: Int) throws(RecordError) -> ArraySlice<UInt8> {
    guard count >= 0, count <= end - position else { throw .truncated }
    position += count
    return bytes[position - count..<position]
  }
}
