import EVM
import MPPCore
import MPPServer
import TempoRPC
import Testing

@testable import MPPTempoServer

@Suite("LedgerIntentStore: what is known is not forgotten")
struct LedgerIntentStoreTests {
  private let store: LedgerIntentStore

  init() throws {
    store = try LedgerIntentStore(Ledger(MemoryStore(), allowVolatileLedger: true))
  }

  private func intent(
    _ text: String, _ kind: ChainIntent.Kind = .charge, number: UInt8 = 1, at seconds: Int64 = 1_000
  ) throws -> ChainIntent {
    let raw = Array(text.utf8)
    return ChainIntent(
      identity: .init(kind, try Hash32([UInt8](repeating: number, count: 32))), raw: raw,
      hash: Keccak256.hash(raw), validBefore: 2_000, createdAt: Timestamp(seconds: seconds))
  }

  private func update(_ intent: ChainIntent, _ state: ChainIntent.State) async throws {
    var next = intent
    next.state = state
    try await store.update(next)
  }

  @Test("A process that was slow does not undo what another one has found out")
  func neverBack() async throws {
    let intent = try intent("one")
    _ = try await store.insert(intent)
    try await update(intent, .included(block: 7))
    for state in [ChainIntent.State.prepared, .sent, .expired] {
      try await update(intent, state)
      #expect(try await store.load(intent.identity)?.state == .included(block: 7), "\(state)")
    }
    try await update(intent, .confirmed(block: 7))
    try await update(intent, .rejected)
    #expect(try await store.load(intent.identity)?.state == .confirmed(block: 7))
  }

  @Test("An update of one transaction does not touch the one that took its place")
  func otherTransaction() async throws {
    let old = try intent("old")
    _ = try await store.insert(old)
    try await update(old, .expired)
    let new = try intent("new")
    #expect(try await store.insert(new).hash == new.hash)
    for state in [ChainIntent.State.sent, .included(block: 3), .rejected] {
      try await update(old, state)
      #expect(try await store.load(new.identity) == new)
    }
  }

  @Test("Charges and channels are looked at and forgotten each by its own service, oldest first")
  func families() async throws {
    let charges = [try intent("a", number: 1, at: 20), try intent("b", number: 2, at: 10)]
    let settle = try intent("c", .settle, number: 3, at: 15)
    for intent in charges + [settle] { _ = try await store.insert(intent) }
    #expect(try await store.pending(.charges, limit: 9) == [charges[1], charges[0]])
    #expect(try await store.pending(.channels, limit: 9) == [settle])
    #expect(try await store.pending(limit: 9) == [charges[1], settle, charges[0]])
    #expect(try await store.pending(limit: 2) == [charges[1], settle])
    for intent in charges + [settle] { try await update(intent, .rejected) }
    #expect(try await store.pending(limit: 9).isEmpty)
    try await store.purge(.charges, createdBefore: Timestamp(seconds: 15), limit: 9)
    #expect(try await store.load(charges[1].identity) == nil)
    #expect(try await store.load(charges[0].identity) != nil)
    #expect(try await store.load(settle.identity) != nil)
  }
}
