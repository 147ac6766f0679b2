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

  /// Durable on return. Safe to repeat: an intent that stands in the way stays, and is returned instead.
  ///
  /// - Throws: `StoreError`; after `unavailable` it may have been stored.
  public func insert(_ intent: ChainIntent) async throws -> ChainIntent {
    let (record, _) = try await table.update(IntentRecord.key(intent.identity)) { stored in
      if let stored, stored.intent.blocks(intent) { return (stored, ()) }
      return (IntentRecord(intent), ())
    }
    return record.intent
  }

  /// The intent as known here, nil for none.
  ///
  /// - Throws: `StoreError`, `corrupt` for one that cannot be read.
  public func load(_ identity: ChainIntent.Identity) async throws -> ChainIntent? {
    try await table.load(IntentRecord.key(identity))?.intent
  }

  /// An intent that was read before its turn came, as it is now; nil when it has ended meanwhile, or made room for another.
  func current(_ intent: ChainIntent) async throws -> ChainIntent? {
    guard let stored = try await load(intent.identity), stored.hash == intent.hash, !stored.state.isFinal
    else { return nil }
    return stored
  }

  /// Durable on return. Changes nothing when another transaction is stored, or one that is further on; safe
  /// to repeat.
  ///
  /// - Throws: `StoreError`; after `unavailable` it may have been stored.
  public func update(_ intent: ChainIntent) async throws {
    _ = try await table.update(IntentRecord.key(intent.identity)) { stored in
      if let stored = stored?.intent,
        stored.hash != intent.hash || !stored.state.mayBecome(intent.state)
      {
        return (IntentRecord(stored), ())
      }
      return (IntentRecord(intent), ())
    }
  }

  /// One that cannot be read is reported in the log and left out: it must not hide the others.
  public func pending(limit: Int) async throws -> [ChainIntent] {
    var intents: [ChainIntent] = []
    for family in IntentRecord.Family.allCases { intents += try await pending(family, limit: limit) }
    return Array(intents.sorted { $0.createdAt < $1.createdAt }.prefix(limit))
  }

  /// As ``pending(limit:)``, for one service.
  func pending(_ family: IntentRecord.Family, limit: Int) async throws -> [ChainIntent] {
    var intents: [ChainIntent] = []
    var cursor: IndexCursor?
    while intents.count < limit {
      let entries = try await table.scan(
        slot: family.pendingSlot, after: cursor, limit: limit - intents.count)
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
    } catch let error as StoreError where error.code != .closed {
      report(entry, error)
      return nil
    }
  }

  private func report(_ entry: IndexEntry, _ error: StoreError) {
    logger.error(
      "a stored chain action cannot be read", metadata: ["key": "\(entry.key)", "mpp.code": "\(error)"])
  }

  /// Deletes intents that have ended and were made before a time, oldest first, at most `limit`. Durable on return.
  func purge(_ family: IntentRecord.Family, createdBefore bound: Timestamp, limit: Int) async throws {
    let entries = try await table.scan(slot: family.endedSlot, .through(bound.milliseconds), limit: limit)
    for entry in entries {
      do {
        _ = try await table.remove(entry.key) { $0.intent.state.isFinal }
      } catch let error as StoreError where error.code != .closed {
        report(entry, error)
      }
    }
  }
}
