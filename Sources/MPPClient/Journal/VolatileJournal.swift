import Synchronization

/// A journal in memory; see `JournalProvider.volatile`.
public final class VolatileJournal: PaymentJournal {
  private struct Key: Hashable {
    let kind: String
    let key: String
  }
  private let stored = Mutex<[Key: JournalRecord]>([:])

  /// Holds nothing yet.
  public init() {}

  /// Always `volatile`: the end of the process loses what was signed.
  public var durability: JournalDurability { .volatile }

  /// All or none. Throws `stale` when one of the versions is not above the stored one; nothing else.
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

  /// Never throws.
  public func records(kind: String) async throws(JournalError) -> [JournalRecord] {
    stored.withLock { stored in stored.values.filter { $0.kind == kind } }
  }

  /// Does nothing: what was written stays readable, and writes still succeed.
  public func close() async throws(JournalError) {}
}
