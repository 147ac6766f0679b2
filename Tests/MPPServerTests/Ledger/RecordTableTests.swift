import MPPServer
import MPPTesting
import Synchronization
import Testing

@Suite struct RecordTableTests {
  private struct Refusal: Error, Equatable {}

  private let store = FaultStore(MemoryStore())
  private let ledger: Ledger
  private let table: RecordTable<CounterRecord>
  private let key = CounterRecord.key(1)

  init() throws {
    ledger = try Ledger(store, allowVolatileLedger: true)
    table = try ledger.table()
  }

  private func stored(_ key: RecordKey) async throws -> UInt64? {
    try await store.base.load([key])[0].map { try CounterRecord(decoding: $0.body).value }
  }

  /// A second ledger over the same store: what another node sees and does.
  private func otherNode() throws -> RecordTable<CounterRecord> {
    try Ledger(store, allowVolatileLedger: true).table()
  }

  @Test func anAwaitedUpdateIsInTheStoreOnReturn() async throws {
    #expect(try await table.increment(key) == 1)
    #expect(try await stored(key) == 1)
    #expect(table.peek(key)?.value == 1)
    #expect(try await otherNode().load(key)?.value == 1)
  }

  @Test func absentRecordsAreNotKept() async throws {
    #expect(try await table.load(key) == nil)
    #expect(table.peek(key) == nil)
    _ = try await otherNode().increment(key)
    #expect(try await table.load(key)?.value == 1)
  }

  @Test func aThrowingBodyChangesNothing() async throws {
    await #expect(throws: Refusal()) {
      try await table.update(key) { _ -> (CounterRecord, Void) in throw Refusal() }
    }
    #expect(table.peek(key) == nil)
    try await table.increment(key)
    await #expect(throws: Refusal()) {
      try await table.update(key) { _ -> (CounterRecord, Void) in throw Refusal() }
    }
    #expect(table.peek(key)?.value == 1)
    #expect(store.commitCount == 1)
  }

  @Test func aRemovedRecordIsGoneAndItsKeyIsFree() async throws {
    try await table.increment(key)
    try await table.increment(key)
    #expect(try await !table.remove(key) { $0.value == 1 })
    #expect(try await table.load(key)?.value == 2)
    #expect(try await table.remove(key) { $0.value == 2 })
    #expect(table.peek(key) == nil)
    #expect(try await table.load(key) == nil)
    #expect(try await table.scan(slot: 1).isEmpty)
    #expect(try await !table.remove(key) { _ in true })
    #expect(try await table.increment(key) == 1)
    #expect(try await stored(key) == 1)
  }

  @Test func aRecordWithUnwrittenChangesIsNotRemoved() async throws {
    try await table.increment(key)
    store.pause()
    let other = CounterRecord.key(2)
    try await table.updateWithoutWaiting(key) { record in (CounterRecord(value: (record?.value ?? 0) + 1), ())
    }
    try await table.updateWithoutWaiting(other) { _ in (CounterRecord(value: 9), ()) }
    #expect(try await !table.remove(key) { _ in true })
    store.resume()
    try await ledger.flush()
    #expect(try await stored(key) == 2)
  }

  @Test func anotherNodesChangeWinsAgainstARemoval() async throws {
    try await table.increment(key)
    let other = try otherNode()
    try await other.increment(key)
    // The other node has the record in memory when it is removed, and goes on with an empty one.
    #expect(try await table.remove(key) { $0.value == 2 })
    #expect(try await other.increment(key) == 1)
    #expect(try await stored(key) == 1)
  }

  @Test func aLostChangeIsReported() async throws {
    let losses = Mutex(0)
    try await table.increment(key)
    store.failCommit(2, .before)
    try await table.updateWithoutWaiting(
      key, onLoss: { _ in losses.withLock { $0 += 1 } }, { _ in (CounterRecord(value: 5), ()) })
    try? await ledger.flush()
    #expect(losses.withLock { $0 } == 1)
    #expect(try await table.load(key)?.value == 1)
    try await table.updateWithoutWaiting(
      key, onLoss: { _ in losses.withLock { $0 += 1 } }, { _ in (CounterRecord(value: 5), ()) })
    try await ledger.flush()
    #expect(losses.withLock { $0 } == 1)
    #expect(try await stored(key) == 5)
  }

  @Test func anAdmittedChangeIsQueuedHoweverMuchWaits() async throws {
    var limits = LedgerLimits()
    limits.pendingWrites = 1
    let ledger = try Ledger(store, allowVolatileLedger: true, limits: limits)
    let table = try ledger.table(CounterRecord.self)
    store.pause()
    for number in UInt8(1)...2 {
      try await table.updateWithoutWaiting(CounterRecord.key(number)) { _ in (CounterRecord(value: 1), ()) }
    }
    await #expect(throws: StoreError.self) {
      try await table.updateWithoutWaiting(CounterRecord.key(3)) { _ in (CounterRecord(value: 1), ()) }
    }
    for number in UInt8(4)...9 {
      try await table.updateWithoutWaiting(
        CounterRecord.key(number), isAdmitted: true, { _ in (CounterRecord(value: 1), ()) })
    }
    store.resume()
    try await ledger.flush()
    #expect(try await stored(CounterRecord.key(9)) == 1)
    #expect(try await stored(CounterRecord.key(3)) == nil)
  }

  @Test func anUnchangedRecordIsNotWritten() async throws {
    try await table.increment(key)
    _ = try await table.update(key) { record in (record ?? CounterRecord(value: 0), ()) }
    #expect(store.commitCount == 1)
  }

  @Test func hundredWritersLoseNothing() async throws {
    let values = try await withThrowingTaskGroup(of: UInt64.self) { group in
      for _ in 0..<100 {
        group.addTask { [table, key] in try await table.increment(key) }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(values.sorted() == Array(1...100))
    #expect(try await stored(key) == 100)
  }

  @Test func anotherNodesChangeIsSeenAndBuiltUpon() async throws {
    try await table.increment(key)
    let other = try otherNode()
    try await other.increment(key)
    // This node still has 1 in memory; the conflict makes it read again.
    #expect(try await table.increment(key) == 3)
    #expect(try await other.increment(key) == 4)
    #expect(try await stored(key) == 4)
  }

  @Test func aDamagedRecordIsAnErrorAndStaysAsItIs() async throws {
    let write = Write(key: key, expected: 0, version: 1, body: [1, 2, 3], indexValues: [])
    _ = try await store.base.commit([write])
    for _ in 0..<2 {
      do {
        try await table.increment(key)
        Issue.record("a damaged record was used")
      } catch let error as StoreError {
        #expect(error.code == .corrupt)
      }
    }
    #expect(try await store.base.load([key])[0]?.body == [1, 2, 3])
  }

  @Test func aRecordThatBreaksItsOwnRulesIsNeverWritten() async throws {
    try await table.increment(key)
    do {
      _ = try await table.update(key) { _ in (CounterRecord(value: CounterRecord.largest + 1), ()) }
      Issue.record("it was written")
    } catch let error as StoreError {
      #expect(error.code == .invalid)
    }
    #expect(try await stored(key) == 1)
    #expect(try await table.increment(key) == 2)
  }

  @Test func indexesAreWrittenWhenTheyChange() async throws {
    try await table.increment(key)
    try await table.increment(key)
    let entries = try await table.scan(slot: 1)
    #expect(entries == [IndexEntry(value: IndexValue.bytes(of: 2), key: key)])
    #expect(try await table.scan(slot: 0).map(\.key) == [key])
  }

  @Test func cleanRecordsLeaveTheCacheAndDirtyOnesStay() async throws {
    var limits = LedgerLimits()
    limits.cachedRecords = 64
    let ledger = try Ledger(store, allowVolatileLedger: true, limits: limits)
    let table: RecordTable<CounterRecord> = try ledger.table()
    let keys = (0..<1000).map { RecordKey(kind: CounterRecord.kind, id: [UInt8($0 % 250), UInt8($0 / 250)]) }
    for key in keys { try await table.increment(key) }
    let cached = keys.filter { table.peek($0) != nil }.count
    #expect(cached <= 64 + 64, "one for each shard, and what was just used")
    for key in keys { #expect(try await table.increment(key) == 2) }

    store.pause()
    for key in keys { try await table.updateWithoutWaiting(key) { _ in (CounterRecord(value: 9), ()) } }
    #expect(keys.allSatisfy { table.peek($0)?.value == 9 }, "unwritten changes never leave")
    store.resume()
    try await ledger.flush()
    for key in keys { #expect(try await stored(key) == 9) }
  }

  @Test func tooManyPendingWritesAreRefusedNotQueued() async throws {
    var limits = LedgerLimits()
    limits.pendingWrites = 10
    let ledger = try Ledger(store, allowVolatileLedger: true, limits: limits)
    let table: RecordTable<CounterRecord> = try ledger.table()
    store.pause()
    let underWay = Task { try await table.increment(CounterRecord.key(30)) }
    while store.pausedCount == 0 { await Task.yield() }
    var accepted = 0
    for number in 0..<30 {
      do {
        try await table.updateWithoutWaiting(CounterRecord.key(UInt8(number))) { _ in
          (CounterRecord(value: 1), ())
        }
        accepted += 1
      } catch let error as StoreError {
        #expect(error.code == .overloaded && error.isRetryable)
      }
    }
    #expect(accepted == 10, "besides the batch under way")
    store.resume()
    #expect(try await underWay.value == 1)
    try await ledger.flush()
    #expect(try await table.increment(CounterRecord.key(29)) == 1)
  }
}
