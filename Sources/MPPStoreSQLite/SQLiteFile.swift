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
    package func submit<T: Sendable>(
      _ body: @escaping @Sendable (Database) throws -> T,
      completion: @escaping @Sendable (Result<T, StoreError>) -> Void
    ) {
      writer.submit(
        SQLiteWriter.Job(
          work: { database in
            let value = try body(database)
            return { error in completion(error.map { .failure($0) } ?? .success(value)) }
          },
          refuse: { completion(.failure($0)) }))
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

    /// Ends what was submitted, closes the file and frees its lock. Idempotent.
    package func close() async { await writer.close() }
  }
#endif
