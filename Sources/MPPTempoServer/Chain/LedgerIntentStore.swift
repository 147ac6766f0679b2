public import MPPCore
public import MPPServer
public import TempoRPC

/// Keeps chain intents in the ledger, beside the channels they are about.
public struct LedgerIntentStore: IntentStore {
  private let table: RecordTable<IntentRecord>

  /// - Throws: `StoreError` when another type uses the ledger's kind for intents.
  public init(_ ledger: Ledger) throws {
    table = try ledger.table(IntentRecord.self)
  }

  public func insert(_ intent: ChainIntent) async throws -> ChainIntent {
    let (record, _) = try await table.update(IntentRecord.key(intent.identity)) { stored in
      if let stored, stored.intent.blocks(intent) { return (stored, ()) }
      return (IntentRecord(intent), ())
    }
    return record.intent
  }

  public func load(_ identity: ChainIntent.Identity) async throws -> ChainIntent? {
    try await table.load(IntentRecord.key(identity))?.intent
  }

  public func update(_ intent: ChainIntent) async throws {
    _ = try await table.update(IntentRecord.key(intent.identity)) { _ in (IntentRecord(intent), ()) }
  }

  public func pending(limit: Int) async throws -> [ChainIntent] {
    var intents: [ChainIntent] = []
    for entry in try await table.scan(slot: IntentRecord.pendingSlot, limit: limit) {
      guard let intent = try await table.load(entry.key)?.intent, !intent.state.isFinal else { continue }
      intents.append(intent)
    }
    return intents
  }

  /// Deletes intents that have ended and were made before a time, oldest first, at most `limit`. Durable on return.
  public func purge(createdBefore bound: Timestamp, limit: Int) async throws {
    let entries = try await table.scan(
      slot: IntentRecord.endedSlot, .through(bound.milliseconds), limit: limit)
    for entry in entries {
      _ = try await table.remove(entry.key) { $0.intent.state.isFinal }
    }
  }
}
