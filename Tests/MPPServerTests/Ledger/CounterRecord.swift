import MPPServer

/// The smallest record there is: a number, indexed by itself.
struct CounterRecord: LedgerRecord {
  static let kind: UInt8 = 200

  struct Damaged: Error {}
  struct Unwritable: Error {}

  /// Numbers above it refuse to be encoded.
  static let largest: UInt64 = 1_000_000

  var value: UInt64

  init(value: UInt64) { self.value = value }

  init(decoding bytes: [UInt8]) throws {
    guard bytes.count == 9, bytes[0] == 0xC0 else { throw Damaged() }
    value = bytes[1...].reduce(0) { $0 << 8 | UInt64($1) }
  }

  func encoded() throws -> [UInt8] {
    guard value <= Self.largest else { throw Unwritable() }
    return [0xC0] + IndexValue.bytes(of: Int64(value))
  }

  var indexValues: [IndexValue] { [IndexValue(slot: 1, number: Int64(value))] }

  static func key(_ number: UInt8) -> RecordKey { RecordKey(kind: kind, id: [number]) }
}

extension RecordTable<CounterRecord> {
  /// Adds one, returns the new value.
  @discardableResult
  func increment(_ key: RecordKey) async throws -> UInt64 {
    try await update(key) { record in
      let value = (record?.value ?? 0) + 1
      return (CounterRecord(value: value), value)
    }.1
  }
}
