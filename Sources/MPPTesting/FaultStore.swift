public import MPPCore
public import MPPServer
import Synchronization

/// A store that fails on demand, in front of another one: for tests of what happens when the disk does.
public final class FaultStore: LedgerStore {
  /// How an operation fails.
  public enum Fault: Sendable, Equatable {
    /// Nothing is done.
    case before
    /// It is done, but the answer is an error: the caller cannot know.
    case after
  }

  private struct State {
    var commits = 0
    var loads = 0
    var claims = 0
    var removals = 0
    var commitFaults: [Int: Fault] = [:]
    var loadFaults: Set<Int> = []
    var unreadable: Set<RecordKey> = []
    var claimFaults: [Int: Fault] = [:]
    var batches: [[Write]] = []
    var isPaused = false
    var paused: [@Sendable () -> Void] = []
  }

  /// The store that does the work.
  public let base: any LedgerStore
  private let state = Mutex(State())

  /// Fails nothing until it is told to.
  public init(_ base: any LedgerStore) { self.base = base }

  /// That of ``base``.
  public var durability: Durability { base.durability }
  /// That of ``base``.
  public var isShared: Bool { base.isShared }

  /// Makes the n-th commit from the beginning fail (1 is the first).
  public func failCommit(_ number: Int, _ fault: Fault) {
    state.withLock { $0.commitFaults[number] = fault }
  }

  /// Makes the n-th load from the beginning fail (1 is the first), with nothing read.
  public func failLoad(_ number: Int) {
    state.withLock { _ = $0.loadFaults.insert(number) }
  }

  /// Makes every load of this record fail, as a bad sector does.
  public func failLoads(of key: RecordKey) {
    state.withLock { _ = $0.unreadable.insert(key) }
  }

  /// Makes the n-th claim from the beginning fail (1 is the first).
  public func failClaim(_ number: Int, _ fault: Fault) {
    state.withLock { $0.claimFaults[number] = fault }
  }

  /// Commits that were begun.
  public var commitCount: Int { state.withLock { $0.commits } }
  /// Loads that were tried.
  public var loadCount: Int { state.withLock { $0.loads } }
  /// Claims that were tried.
  public var claimCount: Int { state.withLock { $0.claims } }
  /// Deletions that were tried.
  public var removalCount: Int { state.withLock { $0.removals } }

  /// What every commit so far was asked to write.
  public var batches: [[Write]] { state.withLock { $0.batches } }

  /// From now on commits wait until ``resume()``.
  public func pause() { state.withLock { $0.isPaused = true } }

  /// Lets the waiting commits go on, in their order, and stops the pause.
  public func resume() {
    let waiting = state.withLock { state in
      state.isPaused = false
      let waiting = state.paused
      state.paused = []
      return waiting
    }
    for work in waiting { work() }
  }

  /// How many commits wait for ``resume()``.
  public var pausedCount: Int { state.withLock { $0.paused.count } }

  /// - Throws: `unavailable` where a fault was ordered; else as ``base``.
  public func load(_ keys: [RecordKey]) async throws(StoreError) -> [VersionedRecord?] {
    let fails = state.withLock { state in
      state.loads += 1
      return state.loadFaults.contains(state.loads) || !state.unreadable.isDisjoint(with: keys)
    }
    if fails { throw Self.error }
    return try await base.load(keys)
  }

  /// As ``base``; no faults.
  public func remove(_ removals: [Removal]) async throws(StoreError) -> [Bool] {
    state.withLock { $0.removals += 1 }
    return try await base.remove(removals)
  }

  /// - Throws: `unavailable` where a fault was ordered; else as ``base``.
  public func commit(_ writes: [Write]) async throws(StoreError) -> [WriteOutcome] {
    let result: Result<[WriteOutcome], StoreError> = await withCheckedContinuation { continuation in
      submit(writes) { continuation.resume(returning: $0) }
    }
    return try result.get()
  }

  /// Counts as a commit, as ``commit(_:)`` does, and waits while the store is paused.
  public func submit(
    _ writes: [Write],
    completion: @escaping @Sendable (Result<[WriteOutcome], StoreError>) -> Void
  ) {
    let fault: Fault? = state.withLock { state in
      state.commits += 1
      state.batches.append(writes)
      return state.commitFaults[state.commits]
    }
    let work: @Sendable () -> Void = { [base] in
      switch fault {
      case .before: completion(.failure(Self.error))
      case .after: base.submit(writes) { _ in completion(.failure(Self.error)) }
      case nil: base.submit(writes, completion: completion)
      }
    }
    let isPaused = state.withLock { state in
      if state.isPaused { state.paused.append(work) }
      return state.isPaused
    }
    if !isPaused { work() }
  }

  /// - Throws: `unavailable` where a fault was ordered, with ``Fault/after`` though the key is claimed; else
  ///   as ``base``.
  public func claim(
    _ key: ReplayKey, until expires: Timestamp, now: Timestamp
  ) async throws(StoreError) -> Bool {
    let fault: Fault? = state.withLock { state in
      state.claims += 1
      return state.claimFaults[state.claims]
    }
    if fault == .before { throw Self.error }
    let isFirst = try await base.claim(key, until: expires, now: now)
    if fault == .after { throw Self.error }
    return isFirst
  }

  /// As ``base``; no faults.
  public func isClaimed(_ key: ReplayKey, now: Timestamp) async throws(StoreError) -> Bool {
    try await base.isClaimed(key, now: now)
  }

  /// As ``base``; no faults.
  public func scan(
    _ index: LedgerIndex, _ range: IndexRange, after: IndexCursor?, limit: Int
  ) async throws(StoreError) -> [IndexEntry] {
    try await base.scan(index, range, after: after, limit: limit)
  }

  /// Closes ``base``; commits that are paused stay so.
  public func close() async { await base.close() }

  private static var error: StoreError { StoreError(.unavailable, "a fault was injected") }
}
