/// Appends fixed and length-prefixed fields, big endian.
package struct ByteWriter {
  package private(set) var bytes: [UInt8] = []

  package init() {}

  package mutating func byte(_ value: UInt8) { bytes.append(value) }

  package mutating func integer(_ value: UInt64) {
    for shift in stride(from: 56, through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift)))
    }
  }

  package mutating func wide(_ value: UInt128) {
    integer(UInt64(truncatingIfNeeded: value >> 64))
    integer(UInt64(truncatingIfNeeded: value))
  }

  package mutating func fixed(_ value: [UInt8]) { bytes += value }

  package mutating func block(_ value: [UInt8]) {
    integer(UInt64(value.count))
    bytes += value
  }
}

/// Reads what `ByteWriter` wrote; every read is bounded by what is there.
package struct ByteReader {
  package struct Malformed: Error {
    package init() {}
  }

  private let bytes: [UInt8]
  private var position = 0

  package init(_ bytes: [UInt8]) { self.bytes = bytes }

  package mutating func byte() throws -> UInt8 { try fixed(1)[0] }

  package mutating func integer() throws -> UInt64 {
    try fixed(8).reduce(0) { $0 << 8 | UInt64($1) }
  }

  package mutating func wide() throws -> UInt128 {
    let high = try integer()
    return UInt128(high) << 64 | UInt128(try integer())
  }

  package mutating func fixed(_ count: Int) throws -> [UInt8] {
    guard count >= 0, count <= bytes.count - position else { throw Malformed() }
    defer { position += count }
    return Array(bytes[position..<position + count])
  }

  package mutating func block() throws -> [UInt8] {
    guard let count = Int(exactly: try integer()) else { throw Malformed() }
    return try fixed(count)
  }

  package func end() throws {
    guard position == bytes.count else { throw Malformed() }
  }
}
