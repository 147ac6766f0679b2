#if SQLite
  public import MPPCore
  public import MPPServer

  /// The embedded ledger store: one SQLite file, write-ahead log, `synchronous = FULL`, one thread, group commit.
  ///
  /// One process at a time: a second one gets `locked`. What an awaited call has changed survives a power failure.
  public final class SQLiteLedger: LedgerStore {
    /// Most entries one scan returns, whatever the caller asks for.
    public static let maximumPage = 10_000

    private let file: SQLiteFile

    /// Opens or creates the file; its folder must exist. Beside it live `<file>-wal`, `<file>-shm` and `<file>.lock`.
    ///
    /// - Throws: `StoreError`: `locked` (in use), `foreign` (not ours), `newerSchema` (written by a newer version), `corrupt`, or
    ///   `unavailable`. Nothing in the file is changed then.
    public init(at path: String) throws(StoreError) {
      file = try SQLiteFile(path: path, schema: LedgerSchema.schema)
    }

    public var durability: Durability { .power }
    public var isShared: Bool { false }

    public func load(_ keys: [RecordKey]) async throws(StoreError) -> [VersionedRecord?] {
      try await file.performPrepared(isReading: true) { try LedgerStatements.load(keys, $0) }
    }

    public func commit(_ writes: [Write]) async throws(StoreError) -> [WriteOutcome] {
      if let fault = Write.firstFault(in: writes) { throw fault }
      return try await file.performPrepared { try LedgerStatements.commit(writes, $0) }
    }

    public func submit(
      _ writes: [Write],
      completion: @escaping @Sendable (Result<[WriteOutcome], StoreError>) -> Void
    ) {
      if let fault = Write.firstFault(in: writes) {
        completion(.failure(fault))
        return
      }
      file.submitPrepared(
        isAdmitted: true, { try LedgerStatements.commit(writes, $0) }, completion: completion)
    }

    public func submit(
      _ batch: WriteBatch,
      completion: @escaping @Sendable (Result<[WriteOutcome], StoreError>) -> Void
    ) {
      file.submitPrepared(
        isAdmitted: true, gathered: { batch.waitingCount },
        { statements in
          let writes = batch.take()
          if let fault = Write.firstFault(in: writes) { throw fault }
          return try LedgerStatements.commit(writes, statements)
        }, completion: completion)
    }

    public func remove(_ removals: [Removal]) async throws(StoreError) -> [Bool] {
      try await file.performPrepared { try LedgerStatements.remove(removals, $0) }
    }

    public func claim(
      _ key: ReplayKey, until expires: Timestamp, now: Timestamp
    ) async throws(StoreError) -> Bool {
      try await file.performPrepared { try LedgerStatements.claim(key, until: expires, now: now, $0) }
    }

    public func isClaimed(_ key: ReplayKey, now: Timestamp) async throws(StoreError) -> Bool {
      try await file.performPrepared(isReading: true) { try LedgerStatements.isClaimed(key, now: now, $0) }
    }

    public func scan(
      _ index: LedgerIndex, _ range: IndexRange, after: IndexCursor?, limit: Int
    ) async throws(StoreError) -> [IndexEntry] {
      let limit = min(max(limit, 0), Self.maximumPage)
      return try await file.performPrepared(isReading: true) {
        try LedgerStatements.scan(index, range, after: after, limit: limit, $0.database)
      }
    }

    public func close() async { await file.close() }
  }

  extension Ledger {
    /// A ledger in one SQLite file; see ``SQLiteLedger``.
    public static func sqlite(at path: String, limits: LedgerLimits = LedgerLimits()) throws(StoreError)
      -> Ledger
    {
      try Ledger(SQLiteLedger(at: path), limits: limits)
    }
  }
#endif
