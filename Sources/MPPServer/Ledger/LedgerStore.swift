public import MPPCore

/// Where the ledger keeps its records: opaque bytes with a version, a few index values, and replay markers.
///
/// A store never parses money. `LedgerStoreSuite` in `MPPTesting` checks every promise made here; run it against
/// a store of your own.
public protocol LedgerStore: Sendable {
  /// What an applied write survives.
  var durability: Durability { get }

  /// Whether other processes may use the same records at the same time. `false` is a promise that they cannot: what an earlier
  /// process left under way is then known to be dead.
  var isShared: Bool { get }

  /// The records as committed, in the order of `keys`; `nil` where there is none.
  ///
  /// Linearizable with commits made through any node: a write whose commit has returned is seen.
  func load(_ keys: [RecordKey]) async throws(StoreError) -> [VersionedRecord?]

  /// Applies each write whose expected version is the stored one, in order; one outcome for each write.
  ///
  /// Writes are atomic one by one; those with the same `group` are applied all or none. When the call returns, applied
  /// writes survive what ``durability`` says. When it throws, nothing is known about any of them, and the caller loads again.
  func commit(_ writes: [Write]) async throws(StoreError) -> [WriteOutcome]

  /// Deletes each record whose stored version is the expected one, with its index values; one answer for each: whether it
  /// was deleted. Durable on return, as with ``commit(_:)``. The key is free for an insertion then.
  func remove(_ removals: [Removal]) async throws(StoreError) -> [Bool]

  /// As ``commit(_:)`` for a caller that does not suspend: `completion` is called exactly once, on any thread,
  /// possibly before `submit` returns. The default starts a task; stores with a thread of their own do better.
  func submit(
    _ writes: [Write],
    completion: @escaping @Sendable (Result<[WriteOutcome], StoreError>) -> Void)

  /// As ``submit(_:completion:)-([Write],_)`` for writes that are taken when the store is ready to write them: the later it calls
  /// ``WriteBatch/take()``, the more callers share the transaction. The default takes them at once.
  func submit(
    _ batch: WriteBatch,
    completion: @escaping @Sendable (Result<[WriteOutcome], StoreError>) -> Void)

  /// Takes `key` until `expires`: `true` for the first claimant of all nodes, `false` while somebody's claim is alive
  /// (`now < expires`). Durable on return. After a throw the claim may have been taken: it counts as used.
  func claim(_ key: ReplayKey, until expires: Timestamp, now: Timestamp) async throws(StoreError) -> Bool

  /// Whether somebody's claim of `key` is alive at `now`. Reads only.
  func isClaimed(_ key: ReplayKey, now: Timestamp) async throws(StoreError) -> Bool

  /// At most `limit` entries of an index in the order of (value, key), committed ones only.
  ///
  /// - Parameter after: where the previous page ended.
  func scan(
    _ index: LedgerIndex, _ range: IndexRange, after: IndexCursor?, limit: Int
  ) async throws(StoreError) -> [IndexEntry]

  /// Ends the work that was accepted, then refuses more with code `closed`. Idempotent.
  func close() async
}

extension LedgerStore {
  /// The default: takes the changes at once and submits them; reports without a commit when there are none.
  public func submit(
    _ batch: WriteBatch,
    completion: @escaping @Sendable (Result<[WriteOutcome], StoreError>) -> Void
  ) {
    let writes = batch.take()
    if writes.isEmpty { completion(.success([])) } else { submit(writes, completion: completion) }
  }

  /// The default: starts a task that calls ``commit(_:)``.
  public func submit(
    _ writes: [Write],
    completion: @escaping @Sendable (Result<[WriteOutcome], StoreError>) -> Void
  ) {
    Task {
      do throws(StoreError) {
        completion(.success(try await commit(writes)))
      } catch {
        completion(.failure(error))
      }
    }
  }
}
