/// A table that can only be read: what the checks of a credential are given.
///
/// Inlinable like ``RecordTable`` itself: it is on the path of every request.
public struct RecordView<Record: LedgerRecord>: Sendable {
  @usableFromInline let table: RecordTable<Record>

  @inlinable
  init(_ table: RecordTable<Record>) { self.table = table }

  /// As ``RecordTable/peek(_:)``.
  @inlinable
  public func peek(_ key: RecordKey) -> Record? { table.peek(key) }

  @inlinable
  package func peekStored(_ key: RecordKey) -> StoredRecord<Record>? { table.peekStored(key) }

  /// As ``RecordTable/load(_:)``.
  @inlinable
  public nonisolated(nonsending) func load(_ key: RecordKey) async throws -> Record? {
    try await table.load(key)
  }

  @inlinable
  package nonisolated(nonsending) func loadStored(_ key: RecordKey) async throws -> StoredRecord<Record>? {
    try await table.loadStored(key)
  }
}
