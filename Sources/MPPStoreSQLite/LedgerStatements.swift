#if SQLite
  import Foundation
  import GRDB
  import MPPCore
  import MPPServer

  /// The ledger's operations as SQL. Every function runs on the thread of the file, inside of a transaction.
  enum LedgerStatements {
    static func load(_ keys: [RecordKey], _ statements: PreparedStatements) throws -> [VersionedRecord?] {
      try keys.map { try load($0, statements) }
    }

    static func commit(_ writes: [Write], _ statements: PreparedStatements) throws -> [WriteOutcome] {
      guard writes.contains(where: { $0.group != nil }) else {
        return try writes.map { try apply($0, statements) }
      }
      var outcomes = [WriteOutcome?](repeating: nil, count: writes.count)
      var groups: [UInt32: [Int]] = [:]
      for (index, write) in writes.enumerated() {
        if let group = write.group {
          groups[group, default: []].append(index)
        } else {
          outcomes[index] = try apply(write, statements)
        }
      }
      for indexes in groups.values { try commitGroup(indexes, writes, &outcomes, statements) }
      return outcomes.map { $0 ?? .groupRefused }
    }

    /// All or none: a savepoint, given up at the first write that does not apply.
    private static func commitGroup(
      _ indexes: [Int], _ writes: [Write], _ outcomes: inout [WriteOutcome?], _ statements: PreparedStatements
    ) throws {
      try statements.inSavepoint {
        var isComplete = true
        for index in indexes {
          let outcome = try apply(writes[index], statements)
          outcomes[index] = outcome
          if case .applied = outcome { continue }
          isComplete = false
        }
        if isComplete { return true }
        for index in indexes {
          if case .applied = outcomes[index] { outcomes[index] = .groupRefused }
        }
        return false
      }
    }

    private static func apply(_ write: Write, _ statements: PreparedStatements) throws -> WriteOutcome {
      let version = Int64(write.version)
      if write.expected == 0 {
        let statement = try statements.statement(
          """
          INSERT INTO record (body, key, version, ix1, ix2, ix3, ix4) VALUES (?, ?, ?, ?, ?, ?, ?)
          ON CONFLICT (key) DO NOTHING
          """)
        try statement.bind(2, write.key)
        try statement.bind(3, version)
        try bind(write.indexValues ?? [], of: write.key, statement, after: 3)
        try statement.run(blob: write.body, at: 1)
      } else if let values = write.indexValues {
        let statement = try statements.statement(
          """
          UPDATE record SET body = ?, version = ?, ix1 = ?, ix2 = ?, ix3 = ?, ix4 = ?
          WHERE key = ? AND version = ?
          """)
        try statement.bind(2, version)
        try bind(values, of: write.key, statement, after: 2)
        try statement.bind(7, write.key)
        try statement.bind(8, Int64(write.expected))
        try statement.run(blob: write.body, at: 1)
      } else {
        let statement = try statements.statement(
          "UPDATE record SET body = ?, version = ? WHERE key = ? AND version = ?")
        try statement.bind(2, version)
        try statement.bind(3, write.key)
        try statement.bind(4, Int64(write.expected))
        try statement.run(blob: write.body, at: 1)
      }
      if statements.changes == 1 { return .applied(version: write.version) }
      return .conflict(try load(write.key, statements))
    }

    static func remove(_ removals: [Removal], _ statements: PreparedStatements) throws -> [Bool] {
      let statement = try statements.statement("DELETE FROM record WHERE key = ? AND version = ?")
      return try removals.map { removal in
        guard let version = Int64(exactly: removal.expected) else { return false }
        try statement.bind(1, removal.key)
        try statement.bind(2, version)
        try statement.run()
        return statements.changes == 1
      }
    }

    /// Index values in their columns; those without one stay `NULL`. The kind comes first, so that kinds do not mix.
    private static func bind(
      _ values: [IndexValue], of key: RecordKey, _ statement: PreparedStatement, after column: Int32
    ) throws {
      for value in values { try statement.bind(column + Int32(value.slot), [key.kind] + value.bytes) }
    }

    private static func load(_ key: RecordKey, _ statements: PreparedStatements) throws -> VersionedRecord? {
      let statement = try statements.statement("SELECT version, body FROM record WHERE key = ?")
      defer { statement.reset() }
      try statement.bind(1, key)
      guard try statement.step() else { return nil }
      let version = statement.number(0)
      guard version > 0 else { throw StoreError(.corrupt, "record \(key) has version \(version)") }
      return VersionedRecord(key: key, version: UInt64(version), body: statement.blob(1))
    }

    static func claim(
      _ key: ReplayKey, until expires: Timestamp, now: Timestamp, _ statements: PreparedStatements
    ) throws -> Bool {
      // Expired markers leave a few at a time, so that no request pays for all of them.
      let sweep = try statements.statement(
        "DELETE FROM replay WHERE key IN (SELECT key FROM replay WHERE expires <= ? LIMIT 4)")
      try sweep.bind(1, now.milliseconds)
      try sweep.run()
      let claim = try statements.statement(
        """
        INSERT INTO replay (key, expires) VALUES (?, ?)
        ON CONFLICT (key) DO UPDATE SET expires = excluded.expires WHERE replay.expires <= ?
        """)
      try claim.bind(1, key.bytes)
      try claim.bind(2, expires.milliseconds)
      try claim.bind(3, now.milliseconds)
      try claim.run()
      return statements.changes == 1
    }

    static func isClaimed(
      _ key: ReplayKey, now: Timestamp, _ statements: PreparedStatements
    ) throws -> Bool {
      let statement = try statements.statement("SELECT expires FROM replay WHERE key = ? AND expires > ?")
      defer { statement.reset() }
      try statement.bind(1, key.bytes)
      try statement.bind(2, now.milliseconds)
      return try statement.step()
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
