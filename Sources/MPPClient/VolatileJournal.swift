import Synchronization

/// A journal in memory; see `JournalProvider.volatile`.
public final class VolatileJournal: PaymentJournal {
  private struct Key: Hashable {
    let kind: String
    let key: String
  }
  private let stored = Mutex<[Key: JournalRecord]>([:])

  public init() {}

  public var durability: JournalDurability { .volatile }

  public func write(_ records: [JournalRecord]) async throws(JournalError) {
    let stale = stored.withLock { stored -> JournalRecord? in
      for record in records {
        if let old = stored[Key(kind: record.kind, key: record.key)], old.version >= record.version {
          return record
        }
      }
      for record in records { stored[Key(kind: record.kind, key: record.key)] = record }
      return nil
    }
    if let stale { throw JournalError(.stale, "\(stale.kind) \(stale.key) at version \(stale.version)") }
  }

  public func records(kind: String) async throws(JournalError) -> [JournalRecord] {
    stored.withLock { stored in stored.values.filter { $0.kind == kind } }
  }

  public func close() async throws(JournalError) {}
}
