import MPPCore
import MPPServer
import MPPTesting
import Testing

@Suite struct LedgerTests {
  @Test(arguments: LedgerStoreSuite.checkNames)
  func memoryStoreKeepsItsPromises(_ check: String) async throws {
    try await LedgerStoreSuite { MemoryStore() }.run(check)
  }

  @Test func aVolatileStoreIsRefusedUnlessAskedForByName() throws {
    #expect(throws: StoreError.self) { try Ledger(MemoryStore()) }
    do {
      _ = try Ledger(MemoryStore())
    } catch {
      #expect(error.code == .volatile)
      #expect(error.reason.contains("allowVolatileLedger: true"))
      #expect(!error.isRetryable)
    }
    #expect(try Ledger(MemoryStore(), allowVolatileLedger: true).durability == .volatile)
  }

  @Test func aKindHasOneTable() throws {
    let ledger = try Ledger(MemoryStore(), allowVolatileLedger: true)
    #expect(try ledger.table(CounterRecord.self) === ledger.table(CounterRecord.self))
    #expect(throws: StoreError.self) { try ledger.table(Impostor.self) }
  }

  @Test func aClosedLedgerRefusesChanges() async throws {
    let ledger = try Ledger(MemoryStore(), allowVolatileLedger: true)
    let table = try ledger.table(CounterRecord.self)
    try await table.increment(CounterRecord.key(1))
    try await ledger.close()
    try await ledger.close()
    await #expect(throws: StoreError.self) { try await table.increment(CounterRecord.key(1)) }
  }

  @Test func aClaimIsTakenOnce() async throws {
    let store = FaultStore(MemoryStore())
    let ledger = try Ledger(store, allowVolatileLedger: true)
    let clock = ManualClock()
    let key = ReplayKey(space: "charge", id: [1])
    #expect(try await ledger.claims.claim(key, now: clock.now))
    clock.advance(seconds: 1_000_000_000)
    #expect(try await !ledger.claims.claim(key, now: clock.now), "payment hashes never expire by themselves")
    // An ambiguous claim counts as used.
    store.failClaim(3, .after)
    let other = ReplayKey(space: "charge", id: [2])
    await #expect(throws: StoreError.self) { try await ledger.claims.claim(other, now: clock.now) }
    #expect(try await !ledger.claims.claim(other, now: clock.now))
  }

  @Test func replayKeysOfDifferentUsesNeverMeet() {
    let ids: [[UInt8]] = [[], [0], [1], Array(0..<32), Array(0..<33), Array(0..<34)]
    let keys = ["a", "ab", "b"].flatMap { space in ids.map { ReplayKey(space: space, id: $0) } }
    #expect(Set(keys).count == keys.count)
    #expect(keys.allSatisfy { $0.bytes.count <= 80 })
  }

  @Test func recordKeysAreUnambiguousAndOrderedAsTheirBytes() throws {
    let long = [UInt8](repeating: 7, count: 40)
    let ids: [[UInt8]] = [[], [0], [0, 0], [1], Array(0..<32), Array(0..<31) + [0], long, long + [0]]
    let keys = ids.flatMap { id in [RecordKey(kind: 1, id: id), RecordKey(kind: 2, id: id)] }
    #expect(Set(keys).count == keys.count)
    #expect(Set(keys.map(\.bytes)).count == keys.count)
    // A key built from the digest of a long identifier is another key than the long one's.
    #expect(RecordKey(kind: 1, id: RecordKey(kind: 1, id: long).id) != RecordKey(kind: 1, id: long))
    for key in keys {
      #expect(try RecordKey(bytes: key.bytes) == key)
      for other in keys {
        #expect((key < other) == key.bytes.lexicographicallyPrecedes(other.bytes))
      }
    }
    for bytes: [UInt8] in [[], [1], [1, 2, 3], [1, 34], [1, 33, 0]] {
      #expect(throws: StoreError.self) { try RecordKey(bytes: bytes) }
    }
  }

  private struct Impostor: LedgerRecord {
    static let kind = CounterRecord.kind
    init(decoding bytes: [UInt8]) {}
    func encoded() -> [UInt8] { [] }
  }
}
