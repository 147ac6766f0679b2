#if SQLite
  import Foundation
  import GRDB
  import MPPCore
  import MPPServer

  /// The ledger's operations as SQL. Every function runs on the thread of the file, inside of a transaction.
  enum LedgerStatements {
    static func load(_ keys: [RecordKey], _ database: Database) throws -> [VersionedRecord?] {
      try keys.map { try load($0, database) }
    }

    static func commit(_ writes: [Write], _ database: Database) throws -> [WriteOutcome] {
      var outcomes = [WriteOutcome?](repeating: nil, count: writes.count)
      var groups: [UInt32: [Int]] = [:]
      for (index, write) in writes.enumerated() {
        if let group = write.group {
          groups[group, default: []].append(index)
        } else {
          outcomes[index] = try apply(write, database)
        }
      }
      for indexes in groups.values { try commitGroup(indexes, writes, &outcomes, database) }
      return outcomes.map { $0 ?? .groupRefused }
    }

    /// All or none: a savepoint, given up at the first write that does not apply.
    private static func commitGroup(
      _ indexes: [Int], _ writes: [Write], _ outcomes: inout [WriteOutcome?], _ database: Database
    ) throws {
      try database.inSavepoint {
        var isComplete = true
        for index in indexes {
          let outcome = try apply(writes[index], database)
          outcomes[index] = outcome
          if case .applied = outcome { continue }
          isComplete = false
        }
        if isComplete { return .commit }
        for index in indexes {
          if case .applied = outcomes[index] { outcomes[index] = .groupRefused }
        }
        return .rollback
      }
    }

    private static func apply(_ write: Write, _ database: Database) throws -> WriteOutcome {
      let key = Data(write.key.bytes)
      let body = Data(write.body)
      let version = Int64(write.version)
      let expected = Int64(write.expected)
      let statement: Statement
      if write.expected == 0 {
        statement = try database.cachedStatement(
          sql: """
            INSERT INTO record (key, version, body, ix1, ix2, ix3, ix4) VALUES (?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (key) DO NOTHING
            """)
        let slots = columns(write.indexValues ?? [], kind: write.key.kind)
        try statement.execute(
          arguments: [key, version, body, slots[0], slots[1], slots[2], slots[3]])
      } else if let values = write.indexValues {
        statement = try database.cachedStatement(
          sql: """
            UPDATE record SET version = ?, body = ?, ix1 = ?, ix2 = ?, ix3 = ?, ix4 = ?
            WHERE key = ? AND version = ?
            """)
        let slots = columns(values, kind: write.key.kind)
        try statement.execute(
          arguments: [version, body, slots[0], slots[1], slots[2], slots[3], key, expected])
      } else {
        statement = try database.cachedStatement(
          sql: "UPDATE record SET version = ?, body = ? WHERE key = ? AND version = ?")
        try statement.execute(arguments: [version, body, key, expected])
      }
      if database.changesCount == 1 { return .applied(version: write.version) }
      return .conflict(try load(write.key, database))
    }

    private static func load(_ key: RecordKey, _ database: Database) throws -> VersionedRecord? {
      let statement = try database.cachedStatement(sql: "SELECT version, body FROM record WHERE key = ?")
      guard let row = try Row.fetchOne(statement, arguments: [Data(key.bytes)]) else { return nil }
      let version: Int64 = row[0]
      let body: Data = row[1]
      guard version > 0 else { throw StoreError(.corrupt, "record \(key) has version \(version)") }
      return VersionedRecord(key: key, version: UInt64(version), body: Array(body))
    }

    /// Column values: the kind, so that kinds do not mix, then the value.
    private static func columns(_ values: [IndexValue], kind: UInt8) -> [Data?] {
      var columns = [Data?](repeating: nil, count: LedgerIndex.slots)
      for value in values { columns[value.slot - 1] = Data([kind] + value.bytes) }
      return columns
    }

    static func claim(
      _ key: ReplayKey, until expires: Timestamp, now: Timestamp, _ database: Database
    ) throws -> Bool {
      // Expired markers leave a few at a time, so that no request pays for all of them.
      try database.cachedStatement(
        sql: "DELETE FROM replay WHERE key IN (SELECT key FROM replay WHERE expires <= ? LIMIT 4)"
      ).execute(arguments: [now.milliseconds])
      try database.cachedStatement(
        sql: """
          INSERT INTO replay (key, expires) VALUES (?, ?)
          ON CONFLICT (key) DO UPDATE SET expires = excluded.expires WHERE replay.expires <= ?
          """
      ).execute(arguments: [Data(key.bytes), expires.milliseconds, now.milliseconds])
      return database.changesCount == 1
    }

    static func scan(
      _ index: LedgerIndex, _ range: IndexRange, after: IndexCursor?, limit: Int, _ database: Database
    ) throws -> [IndexEntry] {
      let afterKey = Data(after?.entry.key.bytes ?? [])
      guard index.slot != 0 else {
        guard range.lower.isEmpty else { return [] }
        let statement = try database.cachedStatement(
          sql: "SELECT key FROM record WHERE key >= ? AND key > ? AND key <= ? ORDER BY key LIMIT ?")
        let keys = try Data.fetchAll(
          statement, arguments: [Data([index.kind]), afterKey, last(index.kind), limit])
        return try keys.map { IndexEntry(value: [], key: try RecordKey(bytes: $0)) }
      }
      guard (1...LedgerIndex.slots).contains(index.slot) else { return [] }
      let column = "ix\(index.slot)"
      let statement = try database.cachedStatement(
        sql: """
          SELECT \(column), key FROM record
          WHERE \(column) >= ? AND \(column) <= ? AND (\(column), key) > (?, ?)
          ORDER BY \(column), key LIMIT ?
          """)
      let kind = [index.kind]
      let rows = try Row.fetchAll(
        statement,
        arguments: [
          Data(kind + range.lower), range.upper.map { Data(kind + $0) } ?? last(index.kind),
          Data(after.map { kind + $0.entry.value } ?? []), afterKey, limit,
        ])
      return try rows.map { row in
        let value: Data = row[0]
        let key: Data = row[1]
        return IndexEntry(value: Array(value.dropFirst()), key: try RecordKey(bytes: key))
      }
    }

    /// Not below any key or index value of the kind.
    private static func last(_ kind: UInt8) -> Data {
      Data([kind] + [UInt8](repeating: 0xFF, count: IndexValue.maximumLength + 1))
    }
  }
#endif
