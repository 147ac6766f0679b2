import MPPServer
import MPPTesting
import Testing

@Suite struct GroupCommitterTests {
  private let store = FaultStore(MemoryStore())
  private let ledger: Ledger
  private let table: RecordTable<CounterRecord>

  init() throws {
    ledger = try Ledger(store, allowVolatileLedger: true)
    table = try ledger.table()
  }

  private func stored(_ key: RecordKey) async throws -> UInt64? {
    try await store.base.load([key])[0].map { try CounterRecord(decoding: $0.body).value }
  }

  private func set(_ number: UInt8, _ value: UInt64) async throws {
    try await table.updateWithoutWaiting(CounterRecord.key(number)) { _ in (CounterRecord(value: value), ()) }
  }

  @Test func changesOfOneRecordInABatchAreWrittenOnce() async throws {
    store.pause()
    let first = Task { [table] in try await table.increment(CounterRecord.key(1)) }
    while store.pausedCount == 0 { await Task.yield() }
    for value in 2...50 { try await set(1, UInt64(value)) }
    for value in 1...50 { try await set(2, UInt64(value)) }
    store.resume()
    try await ledger.flush()
    #expect(try await first.value == 1)
    // The first change had begun its own batch; everything that came while it was under way is the second one.
    #expect(store.batches.map(\.count) == [1, 2])
    #expect(try await stored(CounterRecord.key(1)) == 50)
    #expect(try await stored(CounterRecord.key(2)) == 50)
  }

  @Test func theStoreSeesChangesInTheOrderTheyHappened() async throws {
    store.pause()
    for number: UInt8 in [9, 3, 7, 1, 8] { try await set(number, 1) }
    store.resume()
    try await ledger.flush()
    #expect(store.batches.flatMap { $0 }.map { $0.key.id[0] } == [9, 3, 7, 1, 8])
  }

  @Test func anUpdateReturnsOnlyWhenItIsDurable() async throws {
    store.pause()
    let key = CounterRecord.key(1)
    async let first = table.increment(key)
    while store.pausedCount == 0 { await Task.yield() }
    #expect(table.peek(key)?.value == 1)
    #expect(try await stored(key) == nil)
    async let durable = table.loadDurable(key)
    async let same = table.update(key) { record in (record ?? CounterRecord(value: 0), ()) }
    store.resume()
    #expect(try await first == 1)
    #expect(try await durable?.value == 1)
    #expect(try await same.0.value == 1)
    #expect(try await stored(key) == 1)
  }

  @Test func aFailedBatchFailsEverybodyInItAndBehindIt() async throws {
    try await set(1, 10)
    try await set(2, 20)
    try await ledger.flush()
    let commits = store.commitCount
    store.failCommit(commits + 1, .before)
    store.pause()
    let inBatch = Task { [table] in try await table.increment(CounterRecord.key(1)) }
    while store.pausedCount == 0 { await Task.yield() }
    let behind = Task { [table] in try await table.increment(CounterRecord.key(2)) }
    while table.peek(CounterRecord.key(2))?.value != 21 { await Task.yield() }
    store.resume()
    for task in [inBatch, behind] {
      await #expect(throws: StoreError.self) { try await task.value }
    }
    // Memory is not ahead of the store: the next use reads again.
    #expect(try await table.load(CounterRecord.key(1))?.value == 10)
    #expect(try await table.load(CounterRecord.key(2))?.value == 20)
    #expect(try await table.increment(CounterRecord.key(1)) == 11)
  }

  @Test(arguments: [FaultStore.Fault.before, .after])
  func whicheverCommitFailsNothingAcknowledgedIsLost(_ fault: FaultStore.Fault) async throws {
    for failing in 1...12 {
      let store = FaultStore(MemoryStore())
      let ledger = try Ledger(store, allowVolatileLedger: true)
      let table: RecordTable<CounterRecord> = try ledger.table()
      let key = CounterRecord.key(1)
      store.failCommit(failing, fault)
      var acknowledged = 0
      var ambiguous = 0
      for _ in 0..<12 {
        do {
          try await table.increment(key)
          acknowledged += 1
        } catch let error as StoreError {
          #expect(error.code == .unavailable)
          ambiguous += 1
        }
      }
      let value = try await Int(
        store.base.load([key])[0].map { try CounterRecord(decoding: $0.body).value } ?? 0)
      #expect(ambiguous == 1)
      #expect(value == acknowledged + (fault == .after ? 1 : 0))
      #expect(try await table.load(key)?.value == UInt64(value))
    }
  }

  @Test(arguments: [FaultStore.Fault.before, .after])
  func racingWritersAgreeWithTheStoreWhicheverCommitFails(_ fault: FaultStore.Fault) async throws {
    for failing in 1...10 {
      let store = FaultStore(MemoryStore())
      let ledger = try Ledger(store, allowVolatileLedger: true)
      let table: RecordTable<CounterRecord> = try ledger.table()
      store.failCommit(failing, fault)
      let key = CounterRecord.key(1)
      let acknowledged = await withTaskGroup(of: Bool.self) { group in
        for _ in 0..<64 {
          group.addTask {
            await Result.of { try await table.increment(key) }.isSuccess
          }
        }
        return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
      }
      try await ledger.flush()
      let value = try await Int(
        store.base.load([key])[0].map { try CounterRecord(decoding: $0.body).value } ?? 0)
      #expect(value >= acknowledged, "an acknowledged change is missing")
      #expect(value <= 64)
      #expect(try await table.load(key)?.value == UInt64(value))
    }
  }

  @Test func aFailedLoadIsAnErrorAndTheNextOneWorks() async throws {
    try await set(1, 5)
    try await ledger.flush()
    let other: RecordTable<CounterRecord> = try Ledger(store, allowVolatileLedger: true).table()
    store.failLoad(store.loadCount + 1)
    await #expect(throws: StoreError.self) { try await other.increment(CounterRecord.key(1)) }
    #expect(try await other.increment(CounterRecord.key(1)) == 6)
  }

  @Test func aLostUnawaitedChangeIsForgottenInMemoryToo() async throws {
    try await set(1, 5)
    try await ledger.flush()
    store.failCommit(store.commitCount + 1, .before)
    try await set(1, 6)
    await #expect(throws: StoreError.self) { try await ledger.flush() }
    #expect(try await table.load(CounterRecord.key(1))?.value == 5)
  }

  @Test func changesNobodyWaitsForRideAlongWithTheNextThatIsAwaited() async throws {
    var limits = LedgerLimits()
    limits.unawaitedDelay = .seconds(3600)
    let store = FaultStore(MemoryStore())
    let table: RecordTable<CounterRecord> = try Ledger(
      store, allowVolatileLedger: true, limits: limits
    ).table()
    for number: UInt8 in 1...3 {
      try await table.updateWithoutWaiting(CounterRecord.key(number)) { _ in (CounterRecord(value: 7), ()) }
    }
    #expect(store.batches.isEmpty)
    // Another record is awaited, then the same one: each batch takes everything.
    #expect(try await table.increment(CounterRecord.key(9)) == 1)
    #expect(store.batches.map(\.count) == [4])
    try await table.updateWithoutWaiting(CounterRecord.key(1)) { _ in (CounterRecord(value: 8), ()) }
    #expect(try await table.increment(CounterRecord.key(1)) == 9)
    #expect(store.batches.map(\.count) == [4, 1])
    #expect(store.batches[1][0].version == store.batches[0][0].version + 2, "two changes, one write")
  }

  @Test func whatComesInWhileABatchIsUnderWayAndIsNotAwaitedWaitsForTheNext() async throws {
    var limits = LedgerLimits()
    limits.unawaitedDelay = .seconds(3600)
    let store = FaultStore(MemoryStore())
    let ledger = try Ledger(store, allowVolatileLedger: true, limits: limits)
    let table: RecordTable<CounterRecord> = try ledger.table()
    store.pause()
    let first = Task { try await table.increment(CounterRecord.key(1)) }
    while store.pausedCount == 0 { await Task.yield() }
    try await table.updateWithoutWaiting(CounterRecord.key(2)) { _ in (CounterRecord(value: 7), ()) }
    store.resume()
    _ = try await first.value
    #expect(store.batches.map(\.count) == [1])
    try await ledger.flush()
    #expect(store.batches.map(\.count) == [1, 1])
  }

  @Test func aChangeNobodyWaitsForIsWrittenAfterTheDelay() async throws {
    var limits = LedgerLimits()
    limits.unawaitedDelay = .milliseconds(1)
    let store = FaultStore(MemoryStore())
    let table: RecordTable<CounterRecord> = try Ledger(
      store, allowVolatileLedger: true, limits: limits
    ).table()
    for round in 1...3 {
      try await table.updateWithoutWaiting(CounterRecord.key(1)) { _ in
        (CounterRecord(value: UInt64(round)), ())
      }
      while store.batches.count < round { await Task.yield() }
    }
    #expect(store.batches.map(\.count) == [1, 1, 1])
  }
}

extension Result where Failure == any Error {
  static func of(_ body: () async throws -> Success) async -> Self {
    do { return .success(try await body()) } catch { return .failure(error) }
  }

  var isSuccess: Bool {
    if case .success = self { return true }
    return false
  }
}
