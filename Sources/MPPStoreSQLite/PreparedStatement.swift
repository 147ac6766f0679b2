#if SQLite
  import GRDB
  import GRDBSQLite
  import MPPServer

  /// One prepared statement. Bind, step, read, and `reset()` in a `defer`: a statement that was not reset keeps its transaction open.
  final class PreparedStatement {
    private let handle: OpaquePointer
    private let connection: OpaquePointer

    init(_ sql: StaticString, _ connection: OpaquePointer) throws {
      var handle: OpaquePointer?
      let code = sql.withUTF8Buffer { text in
        text.withMemoryRebound(to: CChar.self) { text in
          sqlite3_prepare_v3(
            connection, text.baseAddress, Int32(text.count), UInt32(SQLITE_PREPARE_PERSISTENT), &handle, nil)
        }
      }
      guard code == SQLITE_OK, let handle else { throw PreparedStatements.error(connection) }
      self.handle = handle
      self.connection = connection
    }

    deinit { sqlite3_finalize(handle) }

    /// Ends an execution; what was bound is forgotten.
    func reset() {
      sqlite3_reset(handle)
      sqlite3_clear_bindings(handle)
    }

    /// Goes on to the next row; `false`: there is none, the statement is done.
    func step() throws -> Bool {
      switch sqlite3_step(handle) {
      case SQLITE_ROW: return true
      case SQLITE_DONE: return false
      default: throw PreparedStatements.error(connection)
      }
    }

    /// Executes a statement without rows, then resets it.
    func run() throws {
      defer { reset() }
      while try step() {}
    }

    // MARK: Parameters, from 1

    func bind(_ index: Int32, _ number: Int64) throws {
      try check(sqlite3_bind_int64(handle, index, number))
    }

    /// A blob, copied. Parameters that are not bound are `NULL`.
    func bind(_ index: Int32, _ bytes: [UInt8]) throws {
      try bytes.withUnsafeBytes { bytes in
        if bytes.isEmpty {
          // A null pointer would bind NULL.
          try check(sqlite3_bind_zeroblob(handle, index, 0))
        } else {
          try check(
            sqlite3_bind_blob(
              handle, index, bytes.baseAddress, Int32(bytes.count),
              unsafeBitCast(-1, to: sqlite3_destructor_type.self)))
        }
      }
    }

    /// A record's key, copied.
    func bind(_ index: Int32, _ key: RecordKey) throws { try bind(index, key.bytes) }

    /// Executes a statement without rows with a blob that is not copied, then resets it.
    func run(blob bytes: [UInt8], at index: Int32) throws {
      guard !bytes.isEmpty else {
        try bind(index, bytes)
        return try run()
      }
      try bytes.withUnsafeBytes { bytes in
        // No destructor: the bytes stay where they are until the statement is reset.
        defer { reset() }
        try check(sqlite3_bind_blob(handle, index, bytes.baseAddress, Int32(bytes.count), nil))
        while try step() {}
      }
    }

    private func check(_ code: Int32) throws {
      guard code != SQLITE_OK else { return }
      let error = PreparedStatements.error(connection)
      // The next use must not find half of these parameters.
      reset()
      throw error
    }

    // MARK: Columns of the row, from 0

    func number(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

    func blob(_ column: Int32) -> [UInt8] {
      guard let bytes = sqlite3_column_blob(handle, column) else { return [] }
      return Array(UnsafeRawBufferPointer(start: bytes, count: Int(sqlite3_column_bytes(handle, column))))
    }
  }
#endif
