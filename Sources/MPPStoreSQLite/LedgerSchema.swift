#if SQLite
  import GRDB

  /// Tables of the ledger.
  enum LedgerSchema {
    /// "MPPL".
    static let schema = SQLiteSchema(applicationID: 0x4D50_504C, name: "ledger", migrations: [create])

    /// Records keep a row id: with bodies of about a kilobyte a row of a table without one would spill into overflow pages.
    private static let create: @Sendable (Database) throws -> Void = { database in
      try database.execute(
        sql: """
          CREATE TABLE record (
            key BLOB NOT NULL UNIQUE, version INTEGER NOT NULL, body BLOB NOT NULL,
            ix1 BLOB, ix2 BLOB, ix3 BLOB, ix4 BLOB);
          CREATE INDEX record_ix1 ON record (ix1, key) WHERE ix1 IS NOT NULL;
          CREATE INDEX record_ix2 ON record (ix2, key) WHERE ix2 IS NOT NULL;
          CREATE INDEX record_ix3 ON record (ix3, key) WHERE ix3 IS NOT NULL;
          CREATE INDEX record_ix4 ON record (ix4, key) WHERE ix4 IS NOT NULL;
          CREATE TABLE replay (key BLOB NOT NULL PRIMARY KEY, expires INTEGER NOT NULL) WITHOUT ROWID;
          CREATE INDEX replay_expires ON replay (expires);
          """)
    }
  }
#endif
