public import MPPCore

/// The ledger for those who may look and nothing else: it offers no way to write and none to claim.
public struct LedgerReader: Sendable {
  private let ledger: Ledger

  init(_ ledger: Ledger) { self.ledger = ledger }

  /// - Throws: `StoreError` with code `invalid` when another type uses the same kind.
  public func table<Record: LedgerRecord>(
    _ type: Record.Type = Record.self
  ) throws(StoreError) -> RecordView<Record> {
    RecordView(try ledger.table(type))
  }

  /// Whether somebody's claim of `key` is alive. No promise: the next moment somebody may claim it.
  public func isClaimed(_ key: ReplayKey, now: Timestamp) async throws(StoreError) -> Bool {
    try await ledger.store.isClaimed(key, now: now)
  }
}

extension Ledger {
  /// The same ledger without any means to change it.
  public var reader: LedgerReader { LedgerReader(self) }
}
