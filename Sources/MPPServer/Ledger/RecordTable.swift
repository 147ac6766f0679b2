public import Synchronization

/// The records of one kind: in memory where they are used, in the store always.
///
/// A change is a pure function of the record. It runs under the lock of one of 64 shards, for less than a microsecond, without
/// I/O; the write is queued under the same lock, so the store sees changes of one record in the order in which they happened.
/// ``update(_:_:)`` returns when its change is durable.
///
/// One table exists for a kind; get it from ``Ledger/table(_:)``.
///
/// Everything a request passes through is inlinable, so that the compiler makes it for the record's type: as shared generic code it
/// costs several times as much.
public final class RecordTable<Record: LedgerRecord>: Sendable {
  @usableFromInline static var shardCount: Int { 64 }

  @usableFromInline let store: any LedgerStore
  @usableFromInline let committer: GroupCommitter
  @usableFromInline let conflictRetries: Int
  @usableFromInline let shards: [RecordTableShard<Record>]
  /// `write(for:)` made for the record's type; the committer knows the table as a `WriteSource` only.
  @usableFromInline let takeWrite: @Sendable (RecordTable<Record>, WriteTicket) throws -> Write?
  /// The same for the end of a write.
  @usableFromInline let written: @Sendable (RecordTable<Record>, WriteTicket) -> Void

  @inlinable
  init(store: any LedgerStore, committer: GroupCommitter, limits: LedgerLimits) {
    self.store = store
    self.committer = committer
    self.conflictRetries = max(limits.conflictRetries, 0)
    let capacity = (max(limits.cachedRecords, 1) + Self.shardCount - 1) / Self.shardCount
    shards = (0..<Self.shardCount).map { _ in RecordTableShard(capacity: capacity) }
    takeWrite = { table, ticket in try table.write(for: ticket) }
    written = { table, ticket in
      table.shard(ticket.key).state.withLock { $0.entries[ticket.key]?.state.written(ticket) }
    }
  }

  // MARK: Reading

  /// The record as it is in memory, or `nil` when it is not there (it may still be in the store).
  ///
  /// It may be ahead of the disk by the changes of the batch under way: good for checks that are repeated inside
  /// ``update(_:_:)``, not for an answer.
  @inlinable
  public func peek(_ key: RecordKey) -> Record? { peekStored(key)?.record }

  /// As ``peek(_:)``, without a copy.
  @inlinable
  package func peekStored(_ key: RecordKey) -> StoredRecord<Record>? {
    shard(key).state.withLock { $0.entries[key]?.state.use() }
  }

  /// As ``peek(_:)``, but reads the store when the record is not in memory. `nil`: there is no such record.
  ///
  /// - Throws: `StoreError`; `corrupt` when the stored bytes are damaged.
  @inlinable
  public nonisolated(nonsending) func load(_ key: RecordKey) async throws -> Record? {
    try await loadStored(key)?.record
  }

  /// As ``load(_:)``, without a copy.
  @inlinable
  package nonisolated(nonsending) func loadStored(_ key: RecordKey) async throws -> StoredRecord<Record>? {
    while true {
      let (cached, departures): (StoredRecord<Record>??, UInt64) = shard(key).state.withLock { shard in
        guard let entry = shard.entries[key] else { return (.none, shard.departures(of: key)) }
        return (.some(entry.state.use()), 0)
      }
      if let cached { return cached }
      let (stored, version) = try await fetch(key)
      guard let stored else { return nil }
      let result: StoredRecord<Record>?? = shard(key).state.withLock { shard in
        if let entry = shard.entries[key] { return .some(entry.state.stored) }
        guard shard.departures(of: key) == departures else { return .none }
        shard.insert(RecordEntry(stored: stored, version: version), for: key)
        return .some(stored)
      }
      if let result { return result }
    }
  }

  /// The record, when every change it contains is durable: what an answer may be built from without changing anything.
  @inlinable
  public nonisolated(nonsending) func loadDurable(_ key: RecordKey) async throws -> Record? {
    while true {
      let stored = try await loadStored(key)
      let (same, ticket): (Bool, WriteTicket?) = shard(key).state.withLock { shard in
        guard let state = shard.entries[key]?.state else { return (stored == nil, nil) }
        return (
          state.stored === stored || state.stored?.record == stored?.record, state.queued ?? state.underWay
        )
      }
      guard same else { continue }
      guard let ticket else { return stored?.record }
      committer.kick()
      if case .success = await ticket.result() { return stored?.record }
    }
  }

  /// Index entries in the order of (value, key), as committed; see ``LedgerStore/scan(_:_:after:limit:)``. Read the records
  /// with ``load(_:)``: they may have moved on.
  ///
  /// - Parameter slot: 1 to 4, or 0 for all records of the kind by key.
  public nonisolated(nonsending) func scan(
    slot: Int, _ range: IndexRange = .all, after: IndexCursor? = nil, limit: Int = 256
  ) async throws(StoreError) -> [IndexEntry] {
    try await store.scan(LedgerIndex(kind: Record.kind, slot: slot), range, after: after, limit: limit)
  }

  // MARK: Changing

  /// Changes a record, and returns when the change is durable.
  ///
  /// `body` gets the newest record (`nil`: none yet) and returns the next one and a value for the caller. It runs under a
  /// lock and possibly more than once: it must be pure, quick, and must not use the ledger. When it throws, nothing changes and the
  /// error is passed on at once. When it returns the record unchanged nothing is written, but what it saw is durable on return.
  ///
  /// - Throws: what `body` throws; `StoreError` when the change did not become durable (`unavailable`: it may have been; the
  ///   record is read again before its next use, so repeating the call is safe if `body` looks at what it finds).
  @inlinable
  public nonisolated(nonsending) func update<T: Sendable>(
    _ key: RecordKey, _ body: @Sendable (Record?) throws -> (Record, T)
  ) async throws -> (Record, T) {
    let (stored, value) = try await updateStored(key) { try Self.stored(body($0?.record)) }
    return (stored.record, value)
  }

  /// As ``update(_:_:)``, without copies: a record is handed on in the place where it was made.
  @inlinable
  package nonisolated(nonsending) func updateStored<T: Sendable>(
    _ key: RecordKey, _ body: @Sendable (StoredRecord<Record>?) throws -> (StoredRecord<Record>, T)
  ) async throws -> (StoredRecord<Record>, T) {
    var attempt = 0
    while true {
      let (stored, value, ticket) = try await apply(key, body)
      guard let ticket else { return (stored, value) }
      committer.kick()
      switch await ticket.result() {
      case .success:
        return (stored, value)
      case .failure(let error) where error.code == .conflict && attempt < conflictRetries:
        attempt += 1
      case .failure(let error):
        throw error
      }
    }
  }

  /// As ``update(_:_:)``, but returns as soon as the change is in memory and queued. For changes no answer depends on, for
  /// example the commit of a hold: if the store refuses or the process dies first, the change is lost.
  ///
  /// - Parameters:
  ///   - isAdmitted: queue the change however much waits. Only for changes that end something the queue had room for, so
  ///     that their number is bounded by it.
  ///   - onLoss: called once, from any thread, when the store has refused the change or may have: the record is read again
  ///     before its next use. Not called when the change became durable. It must be quick and must not use the table.
  /// - Throws: what `body` throws; `StoreError` when the record cannot be read or the queue is full.
  @discardableResult
  @inlinable
  public nonisolated(nonsending) func updateWithoutWaiting<T: Sendable>(
    _ key: RecordKey, isAdmitted: Bool = false, onLoss: (@Sendable (StoreError) -> Void)? = nil,
    _ body: @Sendable (Record?) throws -> (Record, T)
  ) async throws -> (Record, T) {
    let (stored, value) = try await updateStoredWithoutWaiting(key, isAdmitted: isAdmitted, onLoss: onLoss) {
      try Self.stored(body($0?.record))
    }
    return (stored.record, value)
  }

  /// As ``updateWithoutWaiting(_:isAdmitted:onLoss:_:)``, without copies.
  @discardableResult
  @inlinable
  package nonisolated(nonsending) func updateStoredWithoutWaiting<T: Sendable>(
    _ key: RecordKey, isAdmitted: Bool = false, onLoss: (@Sendable (StoreError) -> Void)? = nil,
    _ body: @Sendable (StoredRecord<Record>?) throws -> (StoredRecord<Record>, T)
  ) async throws -> (StoredRecord<Record>, T) {
    let (stored, value, ticket) = try await apply(key, isAdmitted: isAdmitted, body)
    if let onLoss { ticket?.onFailure(onLoss) }
    committer.kickLater()
    return (stored, value)
  }

  /// As ``updateWithoutWaiting(_:isAdmitted:onLoss:_:)`` for a caller that cannot suspend: `nil`, and nothing changed, when the
  /// record is not in memory.
  @inlinable
  public func updateInMemory<T: Sendable>(
    _ key: RecordKey, isAdmitted: Bool = false, onLoss: (@Sendable (StoreError) -> Void)? = nil,
    _ body: @Sendable (Record?) throws -> (Record, T)
  ) throws -> (Record, T)? {
    let done = try updateStoredInMemory(key, isAdmitted: isAdmitted, onLoss: onLoss) {
      try Self.stored(body($0?.record))
    }
    return done.map { ($0.0.record, $0.1) }
  }

  /// As ``updateInMemory(_:isAdmitted:onLoss:_:)``, without copies.
  @inlinable
  package func updateStoredInMemory<T: Sendable>(
    _ key: RecordKey, isAdmitted: Bool = false, onLoss: (@Sendable (StoreError) -> Void)? = nil,
    _ body: @Sendable (StoredRecord<Record>?) throws -> (StoredRecord<Record>, T)
  ) throws -> (StoredRecord<Record>, T)? {
    guard isAdmitted || committer.hasRoom else {
      throw StoreError(.overloaded, "too many changes wait for the store")
    }
    let done: (StoredRecord<Record>, T, WriteTicket?)? = try shard(key).state.withLock { shard in
      guard let entry = shard.entries[key] else { return nil }
      return try change(entry, key, body)
    }
    guard let (stored, value, ticket) = done else { return nil }
    if let onLoss { ticket?.onFailure(onLoss) }
    committer.kickLater()
    return (stored, value)
  }

  /// Forgets a record that has no unwritten changes, so that its next use reads what other processes have made of it.
  public func refresh(_ key: RecordKey) {
    shard(key).state.withLock { shard in
      if shard.entries[key]?.state.isClean == true { shard.remove(key) }
    }
  }

  /// Deletes a record, durably, when `isRemovable` says so of its newest state and nothing of it waits for the store. For
  /// records that nobody changes any more: a change that is made meanwhile wins, and the record stays.
  ///
  /// - Returns: whether it was deleted.
  public nonisolated(nonsending) func remove(
    _ key: RecordKey, where isRemovable: @Sendable (Record) -> Bool
  ) async throws -> Bool {
    let (stored, version) = try await fetch(key)
    guard let stored, isRemovable(stored.record) else { return false }
    let isUnused: Bool = shard(key).state.withLock { shard in
      guard let entry = shard.entries[key] else { return true }
      guard entry.state.isClean, entry.state.version <= version else { return false }
      shard.remove(key)
      return true
    }
    guard isUnused else { return false }
    // Who has read the record again meanwhile and changes it meets a conflict, and reads that it is gone.
    let isRemoved = try await store.remove([Removal(key: key, expected: version)]).first ?? false
    if isRemoved { refresh(key) }
    return isRemoved
  }

  @inlinable
  nonisolated(nonsending) func apply<T: Sendable>(
    _ key: RecordKey, isAdmitted: Bool = false,
    _ body: @Sendable (StoredRecord<Record>?) throws -> (StoredRecord<Record>, T)
  ) async throws -> (StoredRecord<Record>, T, WriteTicket?) {
    guard isAdmitted || committer.hasRoom else {
      throw StoreError(.overloaded, "too many changes wait for the store")
    }
    while true {
      let (done, departures): ((StoredRecord<Record>, T, WriteTicket?)?, UInt64) =
        try shard(key).state.withLock { shard in
          guard let entry = shard.entries[key] else { return (nil, shard.departures(of: key)) }
          return (try change(entry, key, body), 0)
        }
      if let done { return done }
      let (stored, version) = try await fetch(key)
      let result: (StoredRecord<Record>, T, WriteTicket?)? = try shard(key).state.withLock { shard in
        if let entry = shard.entries[key] { return try change(entry, key, body) }
        guard shard.departures(of: key) == departures else { return nil }
        let entry = RecordEntry(stored: stored, version: version)
        let result = try change(entry, key, body)
        shard.insert(entry, for: key)
        return result
      }
      if let result { return result }
    }
  }

  @inlinable
  static func stored<T>(_ changed: (Record, T)) -> (StoredRecord<Record>, T) {
    (StoredRecord(changed.0), changed.1)
  }

  /// Runs under the lock of the shard.
  @inlinable
  func change<T: Sendable>(
    _ entry: RecordEntry<Record>, _ key: RecordKey,
    _ body: @Sendable (StoredRecord<Record>?) throws -> (StoredRecord<Record>, T)
  ) throws -> (StoredRecord<Record>, T, WriteTicket?) {
    let old = entry.state.use()
    let (stored, value) = try body(old)
    if let old, stored === old || stored.record == old.record {
      return (old, value, entry.state.queued ?? entry.state.underWay)
    }
    entry.state.stored = stored
    entry.state.version += 1
    if let queued = entry.state.queued { return (stored, value, queued) }
    let ticket = WriteTicket(key: key, source: self)
    entry.state.queued = ticket
    committer.enqueue(ticket)
    return (stored, value, ticket)
  }

  @inlinable
  nonisolated(nonsending) func fetch(_ key: RecordKey) async throws -> (StoredRecord<Record>?, UInt64) {
    guard let stored = try await store.load([key]).first ?? nil else { return (nil, 0) }
    do {
      return (StoredRecord(try Record(decoding: stored.body)), stored.version)
    } catch {
      throw StoreError(.corrupt, "record \(key) is damaged", underlying: String(describing: error))
    }
  }

  @inlinable
  func shard(_ key: RecordKey) -> RecordTableShard<Record> { shards[key.shard(of: Self.shardCount)] }
}

extension RecordTable: WriteSource {
  @usableFromInline
  func takeWrite(_ ticket: WriteTicket) throws -> Write? { try takeWrite(self, ticket) }

  @inlinable
  func write(for ticket: WriteTicket) throws -> Write? {
    let taken = shard(ticket.key).state.withLock { $0.entries[ticket.key]?.state.handOver(ticket) }
    guard let taken = taken ?? nil else { return nil }
    let indexes = taken.stored.record.indexValues
    let body = try taken.stored.record.encoded()
    let areKnown = indexes == taken.indexes
    if !areKnown { remember(indexes, ticket) }
    return Write(
      key: ticket.key, expected: taken.expected, version: taken.version, body: body,
      indexValues: areKnown ? nil : indexes)
  }

  @inlinable
  func remember(_ indexes: [IndexValue], _ ticket: WriteTicket) {
    shard(ticket.key).state.withLock { shard in
      guard let entry = shard.entries[ticket.key], entry.state.underWay === ticket else { return }
      entry.state.handedOverIndexes = indexes
    }
  }

  @usableFromInline
  func written(_ ticket: WriteTicket) { written(self, ticket) }

  @usableFromInline
  func forget(_ ticket: WriteTicket, _ error: StoreError) {
    let queued: WriteTicket? = shard(ticket.key).state.withLock { shard in
      guard let state = shard.entries[ticket.key]?.state,
        state.underWay === ticket || state.queued === ticket
      else { return nil }
      shard.remove(ticket.key)
      return state.queued
    }
    queued?.finish(.failure(error))
  }
}
