import MPPServer

/// A number, stored as text.
struct TallyRecord: LedgerRecord {
  static let kind: UInt8 = 201
  struct Damaged: Error {}

  var value: Int

  init(value: Int) { self.value = value }

  init(decoding bytes: [UInt8]) throws {
    guard let value = Int(String(decoding: bytes, as: UTF8.self)) else { throw Damaged() }
    self.value = value
  }

  func encoded() -> [UInt8] { Array(String(value).utf8) }

  static func key(_ number: Int) -> RecordKey {
    RecordKey(kind: kind, id: [UInt8(number >> 8), UInt8(number & 255)])
  }
}

extension RecordTable<TallyRecord> {
  @discardableResult
  func increment(_ number: Int) async throws -> Int {
    try await update(TallyRecord.key(number)) { record in
      let value = (record?.value ?? 0) + 1
      return (TallyRecord(value: value), value)
    }.1
  }

  func incrementWithoutWaiting(_ number: Int) async throws {
    try await updateWithoutWaiting(TallyRecord.key(number)) { record in
      (TallyRecord(value: (record?.value ?? 0) + 1), ())
    }
  }
}
