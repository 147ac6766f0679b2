#if SQLite
  package import GRDB
  package import MPPServer

  /// A database file of this package: one process, one connection, one thread, durable on return.
  ///
  /// Work of several callers shares one transaction and one `fdatasync`; each piece is undone alone when it throws.
  package final class SQLiteFile: Sendable {
    package let path: String
    private let writer: SQLiteWriter

    /// Opens or creates the file.
    ///
    /// - Throws: `StoreError`: `locked`, `foreign`, `newerSchema`, `corrupt` or `unavailable`. The file is as it was.
    package init(path: String, schema: SQLiteSchema) throws(StoreError) {
      let opened = try SQLiteOpening.open(path, schema)
      self.path = path
      writer = SQLiteWriter(path: path)
      writer.start(opened)
    }

    deinit { writer.beginClosing() }

    /// Runs `body` on the thread of the file and reports when its changes are durable. `completion` is called once, on that
    /// thread (or before `submit` returns when the file is closed or too much waits).
    ///
    /// - Parameter isAdmitted: see ``submitPrepared(isReading:isAdmitted:gathered:_:completion:)``.
    package func submit<T: Sendable>(
      isAdmitted: Bool = false, _ body: @escaping @Sendable (Database) throws -> T,
      completion: @escaping @Sendable (Result<T, StoreError>) -> Void
    ) {
      submitPrepared(isAdmitted: isAdmitted, { try body($0.database) }, completion: completion)
    }

    /// As ``submit(_:completion:)`` with statements that stay prepared.
    ///
    /// - Parameters:
    ///   - isReading: `body` changes nothing.
    ///   - isAdmitted: take it however much waits; for a caller that has one piece of work under way at a time.
    ///   - gathered: how many changes `body` would make if it ran now; the thread may wait a little for more.
    package func submitPrepared<T: Sendable>(
      isReading: Bool = false, isAdmitted: Bool = false, gathered: (@Sendable () -> Int)? = nil,
      _ body: @escaping @Sendable (PreparedStatements) throws -> T,
      completion: @escaping @Sendable (Result<T, StoreError>) -> Void
    ) {
      writer.submit(
        SQLiteWriter.Job(
          isReading: isReading, gathered: gathered,
          work: { statements in
            let value = try body(statements)
            return { error in completion(error.map { .failure($0) } ?? .success(value)) }
          },
          refuse: { completion(.failure($0)) }), isAdmitted: isAdmitted)
    }

    /// As ``submit(_:completion:)``; returns when the changes are durable, throws when none of them was made.
    package func perform<T: Sendable>(
      _ body: @escaping @Sendable (Database) throws -> T
    ) async throws(StoreError) -> T {
      let result: Result<T, StoreError> = await withCheckedContinuation { continuation in
        submit(body) { continuation.resume(returning: $0) }
      }
      return try result.get()
    }

    /// As ``perform(_:)`` with statements that stay prepared.
    package func performPrepared<T: Sendable>(
      isReading: Bool = false, _ body: @escaping @Sendable (PreparedStatements) throws -> T
    ) async throws(StoreError) -> T {
      let result: Result<T, StoreError> = await withCheckedContinuation { continuation in
        submitPrepared(isReading: isReading, body) { continuation.resume(returning: $0) }
      }
      return try result.get()
    }

    /// Ends what was submitted, closes the file and frees its lock. Idempotent.
    package func close() async { await writer.close() }
  }
#endif
