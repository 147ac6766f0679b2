/// Writes the stored form of a record: a schema number, fields in a fixed order, big-endian, and a checksum of everything
/// before it. There are no field names: the schema number says what the order is.
@usableFromInline
package struct RecordWriter: ~Copyable {
  // Memory of its own while it writes: an array would ask at every field whether it is the only one.
  @usableFromInline var memory: UnsafeMutableRawPointer
  @usableFromInline var capacity: Int
  @usableFromInline var position = 0
  /// The memory is an array's under construction, which must not be given back here.
  @usableFromInline var isLent: Bool

  /// - Parameter capacity: bytes the record may need; more are taken when it is longer.
  package init(schema: UInt8, capacity: Int = 256) {
    self.capacity = max(capacity, 64)
    memory = Self.allocate(self.capacity)
    isLent = false
    byte(schema)
  }

  private init(schema: UInt8, _ memory: UnsafeMutableRawPointer, capacity: Int) {
    self.memory = memory
    self.capacity = capacity
    isLent = true
    byte(schema)
  }

  deinit { if !isLent { memory.assumingMemoryBound(to: UInt64.self).deallocate() } }

  /// The finished bytes of a record, written where they stay.
  ///
  /// - Parameter capacity: bytes the record needs, checksum included; a longer one is moved.
  package static func write(
    schema: UInt8, capacity: Int, _ fields: (inout RecordWriter) throws(RecordError) -> Void
  ) throws(RecordError) -> [UInt8] {
    var failure: RecordError?
    var moved: [UInt8]?
    let bytes = [UInt8](capacity: max(capacity, 64)) { target in
      let raw = UnsafeMutableRawBufferPointer(target)
      guard let start = raw.baseAddress else {
        failure = .range
        return 0
      }
      var writer = RecordWriter(schema: schema, start, capacity: raw.count)
      do throws(RecordError) { try fields(&writer) } catch {
        failure = error
        return 0
      }
      writer.addChecksum()
      if writer.isLent { return writer.position }
      moved = writer.content
      return 0
    }
    if let failure { throw failure }
    return moved ?? bytes
  }

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

  @inlinable
  package mutating func timestamp(_ value: Timestamp) {
    integer(UInt64(bitPattern: value.milliseconds))
  }

  /// 12 bytes: amounts in records are uint96.
  ///
  /// - Throws: `RecordError.range` for a larger amount.
  @inlinable
  package mutating func amount(_ value: Amount) throws(RecordError) {
    let units = value.units
    guard units <= Amount.maxUInt96.units else { throw .range }
    let target = take(12)
    target.storeBytes(of: UInt32(truncatingIfNeeded: units >> 64).bigEndian, as: UInt32.self)
    target.storeBytes(of: UInt64(truncatingIfNeeded: units).bigEndian, toByteOffset: 4, as: UInt64.self)
  }

  /// Bytes whose number the schema fixes.
  @inlinable
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
  @inlinable
  package mutating func variable(_ value: [UInt8]) throws(RecordError) {
    try count(value.count)
    fixed(value)
  }

  /// Number of the elements that follow.
  @inlinable
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
    addChecksum()
    return content
  }

  private mutating func addChecksum() {
    integer(RecordChecksum.of(UnsafeRawBufferPointer(start: memory, count: position)))
  }

  private var content: [UInt8] { [UInt8](UnsafeRawBufferPointer(start: memory, count: position)) }

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
    if !isLent { memory.assumingMemoryBound(to: UInt64.self).deallocate() }
    (memory, capacity, isLent) = (moved, larger, false)
  }
}
