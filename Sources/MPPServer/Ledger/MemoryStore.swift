public import MPPCore
import Synchronization

/// Keeps everything in memory: for tests, demonstrations and stateless benchmarks. ``Ledger`` refuses it unless
/// asked for by name, because the end of the process would lose what buyers have paid.
public final class MemoryStore: LedgerStore {
  private struct Row {
    var version: UInt64
    var body: [UInt8]
    var indexValues: [IndexValue]
  }

  private struct State {
    var rows: [RecordKey: Row] = [:]
    var claims: [ReplayKey: Timestamp] = [:]
    var claimsUntilSweep = State.sweepInterval
    var closed = false

    static let sweepInterval = 4096
  }

  private let state = Mutex(State())

  /// Holds nothing yet.
  public init() {}

  /// Always `volatile`: the end of the process loses everything.
  public var durability: Durability { .volatile }
  /// Always `false`: only this process sees the records.
  public var isShared: Bool { false }

  /// - Throws: `StoreError` with code `closed` after ``close()``, as every call here; nothing else.
  public func load(_ keys: [RecordKey]) async throws(StoreError) -> [VersionedRecord?] {
    try open { state in
      keys.map { key in
        state.rows[key].map { VersionedRecord(key: key, version: $0.version, body: $0.body) }
      }
    }.get()
  }

  /// - Throws: `StoreError`: `invalid` for writes that break the rules of ``Write``, and `closed`. Nothing
  ///   was changed then.
  public func commit(_ writes: [Write]) async throws(StoreError) -> [WriteOutcome] {
    try apply(writes).get()
  }

  /// Calls `completion` on the caller's thread, before it returns.
  public func submit(
    _ writes: [Write],
    completion: @escaping @Sendable (Result<[WriteOutcome], StoreError>) -> Void
  ) {
    completion(apply(writes))
  }

  /// - Throws: `closed`; nothing was deleted then.
  public func remove(_ removals: [Removal]) async throws(StoreError) -> [Bool] {
    try open { state in
      removals.map { removal in
        guard state.rows[removal.key]?.version == removal.expected else { return false }
        state.rows[removal.key] = nil
        return true
      }
    }.get()
  }

  /// A claim whose time has come is not alive, whether or not it was swept.
  public func isClaimed(_ key: ReplayKey, now: Timestamp) async throws(StoreError) -> Bool {
    try open { state in state.claims[key].map { now < $0 } ?? false }.get()
  }

  /// - Throws: `closed`; nothing was claimed then. Expired claims are swept after some thousands of new ones.
  public func claim(
    _ key: ReplayKey, until expires: Timestamp, now: Timestamp
  ) async throws(StoreError) -> Bool {
    try open { state in
      if let taken = state.claims[key], now < taken { return false }
      state.claims[key] = expires
      state.claimsUntilSweep -= 1
      if state.claimsUntilSweep <= 0 {
        state.claimsUntilSweep = max(State.sweepInterval, state.claims.count)
        state.claims = state.claims.filter { now < $0.value }
      }
      return true
    }.get()
  }

  /// Looks at every record and sorts: for small stores.
  public func scan(
    _ index: LedgerIndex, _ range: IndexRange, after: IndexCursor?, limit: Int
  ) async throws(StoreError) -> [IndexEntry] {
    let entries = try open { state in
      var found: [IndexEntry] = []
      for (key, row) in state.rows where key.kind == index.kind {
        guard index.slot != 0 else {
          found.append(IndexEntry(value: [], key: key))
          continue
        }
        for value in row.indexValues where value.slot == index.slot {
          found.append(IndexEntry(value: value.bytes, key: key))
        }
      }
      return found
    }.get()
    let wanted = entries.filter { entry in
      !entry.value.lexicographicallyPrecedes(range.lower)
        && range.upper.map { !$0.lexicographicallyPrecedes(entry.value) } ?? true
        && after.map { Self.precedes($0.entry, entry) } ?? true
    }
    return Array(wanted.sorted(by: Self.precedes).prefix(max(limit, 0)))
  }

  /// Later calls throw `closed`. What was kept stays in memory as long as the store.
  public func close() async {
    state.withLock { $0.closed = true }
  }

  private static func precedes(_ left: IndexEntry, _ right: IndexEntry) -> Bool {
    left.value == right.value ? left.key < right.key : left.value.lexicographicallyPrecedes(right.value)
  }

  private func open<T: Sendable>(_ body: (inout sending State) -> T) -> Result<T, StoreError> {
    state.withLock { state in
      guard !state.closed else { return .failure(StoreError(.closed, "the store is closed")) }
      return .success(body(&state))
    }
  }

  private func apply(_ writes: [Write]) -> Result<[WriteOutcome], StoreError> {
    if let error = Write.firstFault(in: writes) { return .failure(error) }
    return open { state in
      let refused = Self.refusedGroups(writes, state.rows)
      var outcomes: [WriteOutcome] = []
      outcomes.reserveCapacity(writes.count)
      for write in writes { outcomes.append(Self.apply(write, refused, &state.rows[write.key])) }
      return outcomes
    }
  }

  private static func apply(_ write: Write, _ refused: Set<UInt32>, _ row: inout Row?) -> WriteOutcome {
    guard (row?.version ?? 0) == write.expected else {
      return .conflict(row.map { VersionedRecord(key: write.key, version: $0.version, body: $0.body) })
    }
    if let group = write.group, refused.contains(group) { return .groupRefused }
    row = Row(
      version: write.version, body: write.body, indexValues: write.indexValues ?? row?.indexValues ?? [])
    return .applied(version: write.version)
  }

  /// Groups with a write that will not apply. A batch names a key at most once, so one look ahead decides.
  private static func refusedGroups(_ writes: [Write], _ rows: [RecordKey: Row]) -> Set<UInt32> {
    var refused: Set<UInt32> = []
    for write in writes {
      guard let group = write.group else { continue }
      if (rows[write.key]?.version ?? 0) != write.expected { refused.insert(group) }
    }
    return refused
  }
}
