#if SQLite
  package import GRDB
  import GRDBSQLite

  /// The statements of one connection, each prepared once and kept: for what runs thousands of times a second, where GRDB's
  /// arguments and rows cost more than the statement. Used on the thread of the file alone; gone before the connection is closed.
  package final class PreparedStatements {
    package let database: Database
    let connection: OpaquePointer
    private var statements: [UnsafePointer<UInt8>: PreparedStatement] = [:]
    private let pages: UnsafeMutablePointer<Int32>

    /// - Throws: `DatabaseError` when the connection is closed.
    init(_ database: Database) throws {
      guard let connection = database.sqliteConnection else {
        throw DatabaseError(resultCode: .SQLITE_MISUSE, message: "the connection is closed")
      }
      self.database = database
      self.connection = connection
      pages = .allocate(capacity: 1)
      pages.initialize(to: 0)
      // In place of SQLite's own checkpoints, which would run before a commit is reported.
      sqlite3_wal_hook(
        connection,
        { context, _, _, pages in
          context?.assumingMemoryBound(to: Int32.self).pointee = pages
          return SQLITE_OK
        }, pages)
    }

    deinit {
      sqlite3_wal_hook(connection, nil, nil)
      pages.deallocate()
    }

    /// Pages in the write-ahead log after the last commit.
    var logPages: Int { Int(pages.pointee) }

    /// Moves the log into the file, as far as nobody reads the older state. A failed checkpoint loses nothing: the log stays, and is
    /// tried again.
    func checkpoint() {
      sqlite3_wal_checkpoint_v2(connection, nil, SQLITE_CHECKPOINT_PASSIVE, nil, nil)
      pages.pointee = 0
    }

    /// The statement for a text of the program, found by the text's address.
    func statement(_ sql: StaticString) throws -> PreparedStatement {
      if let known = statements[sql.utf8Start] { return known }
      let statement = try PreparedStatement(sql, connection)
      statements[sql.utf8Start] = statement
      return statement
    }

    /// Runs a statement that has no parameters and no rows.
    func run(_ sql: StaticString) throws { try statement(sql).run() }

    /// Runs `body` in a transaction of its own: kept when it returns, undone when it throws or the commit fails.
    func inTransaction(_ body: () throws -> Void) throws {
      try run("BEGIN IMMEDIATE")
      do {
        try body()
        try run("COMMIT")
      } catch {
        // SQLite may have given it up itself, for example because the disk is full.
        if isInsideTransaction { try run("ROLLBACK") }
        throw error
      }
    }

    /// Runs a part of a transaction: kept when `body` returns `true`, undone alone when it returns `false` or throws.
    func inSavepoint(_ body: () throws -> Bool) throws {
      try run("SAVEPOINT part")
      do {
        if try !body() { try run("ROLLBACK TO part") }
        try run("RELEASE part")
      } catch {
        if isInsideTransaction {
          try run("ROLLBACK TO part")
          try run("RELEASE part")
        }
        throw error
      }
    }

    /// Rows the last statement changed.
    var changes: Int { Int(sqlite3_changes(connection)) }

    var isInsideTransaction: Bool { sqlite3_get_autocommit(connection) == 0 }

    /// The last error of the connection.
    static func error(_ connection: OpaquePointer) -> DatabaseError {
      DatabaseError(
        resultCode: ResultCode(rawValue: sqlite3_extended_errcode(connection)),
        message: String(cString: sqlite3_errmsg(connection)))
    }
  }
#endif
