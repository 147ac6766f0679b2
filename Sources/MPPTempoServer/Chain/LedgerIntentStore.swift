import Logging
public import MPPCore
public import MPPServer
public import TempoRPC

/// Keeps chain intents in the ledger, beside the channels they are about.
public struct LedgerIntentStore: IntentStore {
  private let table: RecordTable<IntentRecord>
  private let logger = Logger(label: "mpp.chain")

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

  /// One that cannot be read is reported in the log and left out: it must not hide the others.
  public func pending(limit: Int) async throws -> [ChainIntent] {
    var intents: [ChainIntent] = []
    var cursor: IndexCursor?
    while intents.count < limit {
      let entries = try await table.scan(
        slot: IntentRecord.pendingSlot, after: cursor, limit: limit - intents.count)
      guard let last = entries.last else { break }
      cursor = last.cursor
      for entry in entries {
        guard let intent = try await readable(entry), !intent.state.isFinal else { continue }
        intents.append(intent)
      }
    }
    return intents
  }

  private func readable(_ entry: IndexEntry) async throws -> ChainIntent? {
    do {
      return try await table.load(entry.key)?.intent
    } catch let error as StoreError where error.code == .corrupt {
      report(entry, error)
      return nil
    }
  }

  private func report(_ entry: IndexEntry, _ error: StoreError) {
    logger.error(
      "a stored chain action cannot be read", metadata: ["key": "\(entry.key)", "mpp.code": "\(error)"])
  }

  /// Deletes intents that have ended and were made before a time, oldest first, at most `limit`. Durable on return.
  public func purge(createdBefore bound: Timestamp, limit: Int) async throws {
    let entries = try await table.scan(
      slot: IntentRecord.endedSlot, .through(bound.milliseconds), limit: limit)
    for entry in entries {
      do {
        _ = try await table.remove(entry.key) { $0.intent.state.isFinal }
      } catch let error as StoreError where error.code == .corrupt {
        report(entry, error)
      }
    }
  }
}
