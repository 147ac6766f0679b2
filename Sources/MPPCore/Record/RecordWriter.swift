/// Writes the stored form of a record: a schema number, fields in a fixed order, big-endian, and a checksum of everything
/// before it. There are no field names: the schema number says what the order is.
@usableFromInline
package struct RecordWriter: ~Copyable {
  // Memory of its own while it writes: an array would ask at every field whether it is the only one.
  @usableFromInline var memory: UnsafeMutableRawPointer
  @usableFromInline var capacity: Int
  @usableFromInline var position = 0

  /// - Parameter capacity: bytes the record may need; more are taken when it is longer.
  package init(schema: UInt8, capacity: Int = 256) {
    self.capacity = max(capacity, 64)
    memory = Self.allocate(self.capacity)
    byte(schema)
  }

  deinit { memory.assumingMemoryBound(to: UInt64.self).deallocate() }

  @inlinable
  package mutating func byte(_ value: UInt8) {
    take(1).storeBytes(of: value, as: UInt8.self)
  }

  @inlinable
  package mutating func flag(_ value: Bool) { byte(value ? 1 : 0) }

  @inlinable
  package mutating func integer(_ value: UInt16) { take(2).storeBytes(of: value.bigEndian, as: UInt16.self) }

  @inlinable
  package mutating func integer(_ value: UInt32) { take(4).storeBytes(of: value.bigEndian, as: UInt32.self) }

  @inlinable
  package mutating func integer(_ value: UInt64) { take(8).storeBytes(of: value.bigEndian, as: UInt64.self) }

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
    value.withUnsafeBytes { source in
      let target = take(source.count)
      if let start = source.baseAddress { target.copyMemory(from: start, byteCount: source.count) }
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
  @inlinable
  package mutating func optional<T>(
    _ value: T?, _ write: (inout RecordWriter, T) throws(RecordError) -> Void
  ) throws(RecordError) {
    flag(value != nil)
    if let value { try write(&self, value) }
  }

  /// Appends the checksum and gives the finished bytes.
  package consuming func finish() -> [UInt8] {
    integer(RecordChecksum.of(UnsafeRawBufferPointer(start: memory, count: position)))
    return [UInt8](UnsafeRawBufferPointer(start: memory, count: position))
  }

  /// Where the next `count` bytes go.
  @inlinable
  mutating func take(_ count: Int) -> UnsafeMutableRawPointer {
    if count > capacity &- position { grow(count) }
    let start = memory + position
    position &+= count
    return start
  }

  /// Words, because memory with an alignment given for bytes comes from a slower place.
  private static func allocate(_ count: Int) -> UnsafeMutableRawPointer {
    UnsafeMutableRawPointer(UnsafeMutablePointer<UInt64>.allocate(capacity: (count + 7) / 8))
  }

  /// Makes room for `count` bytes more.
  @usableFromInline
  mutating func grow(_ count: Int) {
    let larger = max(2 * capacity, position + count)
    let moved = Self.allocate(larger)
    moved.copyMemory(from: memory, byteCount: position)
    memory.assumingMemoryBound(to: UInt64.self).deallocate()
    (memory, capacity) = (moved, larger)
  }
}
