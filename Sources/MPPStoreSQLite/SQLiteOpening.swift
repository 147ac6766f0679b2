#if SQLite
  import Foundation
  import GRDB
  import MPPServer

  /// Opens a database file: refuses what is not ours without touching it, creates what is missing, migrates what is old.
  enum SQLiteOpening {
    /// A file that is open, and the lock that keeps others out.
    struct Opened {
      let database: DatabaseQueue
      let lock: StoreLock
    }

    static func open(_ path: String, _ schema: SQLiteSchema) throws(StoreError) -> Opened {
      let path = try canonical(path)
      let lock = try StoreLock.acquire(path) { () throws(StoreError) in try inspect(path, schema) }
      do throws(StoreError) {
        return Opened(database: try prepared(path, schema), lock: lock)
      } catch {
        lock.removeIfNew()
        lock.release()
        throw error
      }
    }

    /// The database, open, checked and of the newest version. Closed when this throws.
    private static func prepared(_ path: String, _ schema: SQLiteSchema) throws(StoreError) -> DatabaseQueue {
      let database: DatabaseQueue
      do {
        database = try DatabaseQueue(path: path, configuration: configuration())
      } catch {
        throw SQLiteErrors.storeError(error, path)
      }
      do {
        try database.writeWithoutTransaction { database in
          try check(database, path, schema)
          try migrate(database, schema)
          try useWriteAheadLog(database, path)
        }
      } catch {
        try? database.close()
        throw SQLiteErrors.storeError(error, path)
      }
      return database
    }

    /// One name for one file, so that two paths to it meet in one lock.
    private static func canonical(_ path: String) throws(StoreError) -> String {
      let url = URL(fileURLWithPath: path).resolvingSymlinksInPath()
      var isDirectory: ObjCBool = false
      guard
        FileManager.default.fileExists(
          atPath: url.deletingLastPathComponent().path, isDirectory: &isDirectory),
        isDirectory.boolValue
      else { throw StoreError(.unavailable, "the folder of \(path) does not exist") }
      if FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory), isDirectory.boolValue {
        throw StoreError(.foreign, "\(path) is a folder")
      }
      // To look into a pipe would wait for ever.
      if let identity = FileIdentity(path: url.path), !identity.isRegular {
        throw StoreError(.foreign, "\(path) is not a file")
      }
      return url.path
    }

    /// Looks at the file from outside, and changes nothing.
    private static func inspect(_ path: String, _ schema: SQLiteSchema) throws(StoreError) {
      let bytes = try SQLiteHeader.bytes(ofFileAt: path)
      guard let header = bytes.flatMap({ SQLiteHeader($0) }) else {
        // An interrupted transaction of the rollback kind may have left any header; SQLite puts it right when it opens the file, and
        // `check` looks again.
        if try SQLiteHeader.isRollbackJournal(path + "-journal") { return }
        guard bytes == nil else {
          throw StoreError(
            .foreign, "\(path) is not a database of this package (or its first page is damaged)")
        }
        guard try SQLiteHeader.bytes(ofFileAt: path + "-wal") == nil else {
          throw StoreError(
            .corrupt,
            "\(path) is missing or empty but its log \(path)-wal is there; restore the file, or move the log away"
          )
        }
        return
      }
      guard header.applicationID == schema.applicationID else {
        throw StoreError(
          .foreign, "\(path) is a database of another program or of another kind than \(schema.name)")
      }
      try refuseNewer(Int(header.userVersion), path, schema)
    }

    private static func refuseNewer(
      _ version: Int, _ path: String, _ schema: SQLiteSchema
    ) throws(StoreError) {
      guard version <= schema.version else {
        throw StoreError(
          .newerSchema,
          "\(path) has \(schema.name) version \(version), this program knows versions up to \(schema.version)"
        )
      }
    }

    private static func configuration() -> Configuration {
      var configuration = Configuration()
      configuration.label = "mpp-sqlite"
      configuration.busyMode = .timeout(5)
      configuration.prepareDatabase { database in
        // FULL: each commit of the log reaches the medium before it is reported.
        try database.execute(sql: "PRAGMA synchronous = FULL")
        #if canImport(Darwin)
          try database.execute(sql: "PRAGMA fullfsync = ON")
          try database.execute(sql: "PRAGMA checkpoint_fullfsync = ON")
        #endif
        try database.execute(sql: "PRAGMA cache_size = -32768")
        // The writer decides when; see `SQLiteWriter`.
        try database.execute(sql: "PRAGMA wal_autocheckpoint = 0")
        // What a savepoint may have to undo stays in memory instead of a file of its own.
        try database.execute(sql: "PRAGMA temp_store = MEMORY")
      }
      return configuration
    }

    /// Looks at the file from inside, before anything is changed.
    private static func check(_ database: Database, _ path: String, _ schema: SQLiteSchema) throws {
      let owner = try Int32.fetchOne(database, sql: "PRAGMA application_id") ?? 0
      let tables = try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master") ?? 0
      guard owner == schema.applicationID || (owner == 0 && tables == 0) else {
        throw StoreError(
          .foreign, "\(path) is a database of another program or of another kind than \(schema.name)")
      }
      try refuseNewer(try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0, path, schema)
      let verdict = try String.fetchOne(database, sql: "PRAGMA quick_check(1)") ?? "no answer"
      guard verdict == "ok" else {
        throw StoreError(.corrupt, "\(path) is damaged; restore it from a copy", underlying: verdict)
      }
    }

    /// All steps in one transaction: the file has the old version or the new one, nothing between.
    private static func migrate(_ database: Database, _ schema: SQLiteSchema) throws {
      try database.inTransaction(.immediate) {
        let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        guard version < schema.version else { return .commit }
        for step in schema.migrations[max(version, 0)...] { try step(database) }
        try database.execute(sql: "PRAGMA application_id = \(schema.applicationID)")
        try database.execute(sql: "PRAGMA user_version = \(schema.version)")
        return .commit
      }
    }

    private static func useWriteAheadLog(_ database: Database, _ path: String) throws {
      let mode = try String.fetchOne(database, sql: "PRAGMA journal_mode = WAL") ?? ""
      let synchronous = try Int.fetchOne(database, sql: "PRAGMA synchronous") ?? 0
      guard mode == "wal", synchronous == 2 else {
        throw StoreError(
          .unavailable, "\(path) is on a file system without write-ahead logs; use a local disk",
          underlying: "journal_mode \(mode), synchronous \(synchronous)")
      }
    }
  }
#endif
