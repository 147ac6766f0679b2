#if SQLite
  import Foundation
  import GRDB
  import MPPClient

  /// Table and statements of the journal. Every function runs on the thread of the file, inside of a transaction.
  enum SQLiteJournalSchema {
    /// "MPPJ".
    static let schema = SQLiteSchema(applicationID: 0x4D50_504A, name: "journal", migrations: [create])

    private static let create: @Sendable (Database) throws -> Void = { database in
      try database.execute(
        sql: """
          CREATE TABLE record (
            kind TEXT NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL, body BLOB NOT NULL,
            checksum INTEGER NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID;
          """)
    }

    /// Writes all records or none.
    /// - Returns: which record is not newer than the stored one; then nothing was written.
    static func write(_ records: [JournalRecord], _ database: Database) throws -> String? {
      var stale: String?
      try database.inSavepoint {
        for record in records where try !write(record, database) {
          stale = "\(record.kind) \(record.key) at version \(record.version)"
          return .rollback
        }
        return .commit
      }
      return stale
    }

    private static func write(_ record: JournalRecord, _ database: Database) throws -> Bool {
      let statement = try database.cachedStatement(
        sql: """
          INSERT INTO record (kind, key, version, body, checksum) VALUES (?, ?, ?, ?, ?)
          ON CONFLICT (kind, key) DO UPDATE
          SET version = excluded.version, body = excluded.body, checksum = excluded.checksum
          WHERE excluded.version > record.version
          """)
      try statement.execute(arguments: [
        record.kind, record.key, Int64(bitPattern: record.version), Data(record.body), checksum(record),
      ])
      return database.changesCount == 1
    }

    /// - Returns: nil in place of a record whose checksum is wrong.
    static func read(_ kind: String, _ database: Database) throws -> [JournalRecord?] {
      let statement = try database.cachedStatement(
        sql: "SELECT key, version, body, checksum FROM record WHERE kind = ?")
      return try Row.fetchAll(statement, arguments: [kind]).map { row in
        guard let key = String.fromDatabaseValue(row[0]), let version = Int64.fromDatabaseValue(row[1]),
          let body = Data.fromDatabaseValue(row[2]), let stored = Int64.fromDatabaseValue(row[3])
        else { return nil }
        let record = JournalRecord(
          kind: kind, key: key, version: UInt64(bitPattern: version), body: Array(body))
        return checksum(record) == stored ? record : nil
      }
    }

    /// FNV-1a over everything the row says. It finds damage, not forgery.
    static func checksum(_ record: JournalRecord) -> Int64 {
      var hash: UInt64 = 0xcbf2_9ce4_8422_2325
      func add(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        hash = (hash ^ 0xff) &* 0x100_0000_01b3
      }
      add(record.kind.utf8)
      add(record.key.utf8)
      withUnsafeBytes(of: record.version.bigEndian) { add($0) }
      add(record.body)
      return Int64(bitPattern: hash)
    }
  }
#endif
