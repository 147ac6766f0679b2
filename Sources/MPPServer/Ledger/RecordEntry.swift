/// One record in memory. Guarded by the lock of its shard; the object never leaves it.
@usableFromInline
final class RecordEntry<Record: LedgerRecord> {
  @usableFromInline var state: RecordState<Record>

  @inlinable
  init(stored: StoredRecord<Record>?, version: UInt64) {
    state = RecordState(stored: stored, version: version)
  }
}

/// A record and what is known of its way to the store.
@usableFromInline
struct RecordState<Record: LedgerRecord> {
  /// Newest state; may be ahead of the store.
  @usableFromInline var stored: StoredRecord<Record>?
  /// Counts the changes; what the store will hold when everything queued is written.
  @usableFromInline var version: UInt64
  /// What the store holds when the batch under way is written.
  @usableFromInline var handedOver: UInt64
  /// Index values handed over last; `nil` when unknown, as after loading.
  @usableFromInline var handedOverIndexes: [IndexValue]?
  /// Ticket for changes not yet taken by the committer.
  @usableFromInline var queued: WriteTicket?
  /// Ticket of the batch under way.
  @usableFromInline var underWay: WriteTicket?
  /// Used since the last look of the evictor.
  @usableFromInline var wasUsed = true

  @inlinable
  init(stored: StoredRecord<Record>?, version: UInt64) {
    self.stored = stored
    self.version = version
    self.handedOver = version
  }

  @usableFromInline var isClean: Bool { queued == nil && underWay == nil }

  @inlinable
  mutating func use() -> StoredRecord<Record>? {
    wasUsed = true
    return stored
  }

  /// Takes everything changed up to now out of the queue; `nil` when the ticket was given up.
  @inlinable
  mutating func handOver(_ ticket: WriteTicket) -> HandedOverRecord<Record>? {
    guard queued === ticket, let stored else { return nil }
    queued = nil
    underWay = ticket
    let expected = handedOver
    handedOver = version
    return HandedOverRecord(
      stored: stored, expected: expected, version: version, indexes: handedOverIndexes)
  }

  @inlinable
  mutating func written(_ ticket: WriteTicket) {
    if underWay === ticket { underWay = nil }
  }
}

/// What a ``Write`` is made of.
@usableFromInline
struct HandedOverRecord<Record: LedgerRecord> {
  @usableFromInline let stored: StoredRecord<Record>
  @usableFromInline let expected: UInt64
  @usableFromInline let version: UInt64
  /// Index values handed over before.
  @usableFromInline let indexes: [IndexValue]?

  @inlinable
  init(stored: StoredRecord<Record>, expected: UInt64, version: UInt64, indexes: [IndexValue]?) {
    self.stored = stored
    self.expected = expected
    self.version = version
    self.indexes = indexes
  }
}
