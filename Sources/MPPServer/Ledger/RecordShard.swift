public import Synchronization

/// One of the shards of a ``RecordTable``.
@usableFromInline
struct RecordShard<Record: LedgerRecord> {
  @usableFromInline private(set) var entries: [RecordKey: RecordEntry<Record>] = [:]
  /// Each counts the entries that left among a part of the keys.
  private var departures = [UInt64](repeating: 0, count: Self.parts)
  private static var parts: Int { 64 }
  private var ring: [RecordKey] = []
  private var hand = 0
  private let capacity: Int

  @usableFromInline init(capacity: Int) { self.capacity = max(capacity, 1) }

  /// Grows when the entry leaves. A record read from the store may be put in only if it has not grown since, because it could be older
  /// than what left.
  @usableFromInline
  func departures(of key: RecordKey) -> UInt64 { departures[key.part(of: Self.parts)] }

  @usableFromInline
  mutating func insert(_ entry: RecordEntry<Record>, for key: RecordKey) {
    entries[key] = entry
    if ring.count < capacity {
      ring.append(key)
    } else if let slot = freeSlot() {
      ring[slot] = key
    } else {
      ring.append(key)
    }
  }

  @usableFromInline
  mutating func remove(_ key: RecordKey) {
    guard entries.removeValue(forKey: key) != nil else { return }
    departures[key.part(of: Self.parts)] &+= 1
  }

  /// Second-chance eviction: a slot of the ring whose record is clean and was not used since the last round. `nil` when there
  /// is none: records with unwritten changes stay, whatever the capacity says.
  private mutating func freeSlot() -> Int? {
    for _ in 0..<(2 * ring.count) {
      let slot = hand
      hand = hand + 1 == ring.count ? 0 : hand + 1
      guard let entry = entries[ring[slot]] else { return slot }
      if !entry.state.isClean { continue }
      if entry.state.wasUsed {
        entry.state.wasUsed = false
        continue
      }
      remove(ring[slot])
      return slot
    }
    return nil
  }
}

/// A shard and its lock.
@usableFromInline
final class RecordTableShard<Record: LedgerRecord>: Sendable {
  @usableFromInline let state: Mutex<RecordShard<Record>>

  @usableFromInline
  init(capacity: Int) { state = Mutex(RecordShard(capacity: capacity)) }
}
