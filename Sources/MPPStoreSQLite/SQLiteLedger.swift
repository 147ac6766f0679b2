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

    /// Always `power`: what an awaited call has changed survives a power failure.
    public var durability: Durability { .power }
    /// Always `false`: a second process cannot open the file.
    public var isShared: Bool { false }

    /// - Throws: `StoreError`: `corrupt`, `unavailable`, `overloaded` when 65 536 calls wait, `closed`.
    public func load(_ keys: [RecordKey]) async throws(StoreError) -> [VersionedRecord?] {
      try await file.performPrepared(isReading: true) { try LedgerStatements.load(keys, $0) }
    }

    /// On disk on return. Not affected by cancellation.
    ///
    /// - Throws: `StoreError`: `invalid` for writes that break the rules of `Write`, `full`, `overloaded`,
    ///   `closed`: nothing was changed then. After `unavailable` the writes may have been applied.
    public func commit(_ writes: [Write]) async throws(StoreError) -> [WriteOutcome] {
      if let fault = Write.firstFault(in: writes) { throw fault }
      return try await file.performPrepared { try LedgerStatements.commit(writes, $0) }
    }

    /// Never refused as `overloaded`. `completion` is called on the thread of the file when the changes are
    /// on disk, or before this returns when the writes are `invalid` or the file is closed.
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

    /// Takes the batch when its transaction begins, after a short wait for more when many come together.
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

    /// On disk on return. Not affected by cancellation.
    ///
    /// - Throws: as ``commit(_:)``.
    public func remove(_ removals: [Removal]) async throws(StoreError) -> [Bool] {
      try await file.performPrepared { try LedgerStatements.remove(removals, $0) }
    }

    /// On disk on return; a restart forgets no claim. Not affected by cancellation.
    ///
    /// - Throws: `StoreError`; after `unavailable` the key may be claimed and counts as used.
    public func claim(
      _ key: ReplayKey, until expires: Timestamp, now: Timestamp
    ) async throws(StoreError) -> Bool {
      try await file.performPrepared { try LedgerStatements.claim(key, until: expires, now: now, $0) }
    }

    /// - Throws: as ``load(_:)``.
    public func isClaimed(_ key: ReplayKey, now: Timestamp) async throws(StoreError) -> Bool {
      try await file.performPrepared(isReading: true) { try LedgerStatements.isClaimed(key, now: now, $0) }
    }

    /// At most ``maximumPage`` entries, whatever `limit` says; go on with `after`.
    ///
    /// - Throws: as ``load(_:)``.
    public func scan(
      _ index: LedgerIndex, _ range: IndexRange, after: IndexCursor?, limit: Int
    ) async throws(StoreError) -> [IndexEntry] {
      let limit = min(max(limit, 0), Self.maximumPage)
      return try await file.performPrepared(isReading: true) {
        try LedgerStatements.scan(index, range, after: after, limit: limit, $0.database)
      }
    }

    /// Ends what was accepted, closes the file and frees it for other processes. Idempotent.
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
