import Synchronization

/// The money of the server: typed tables over one store, with one queue to it.
///
/// Give the ledger to the payment server and share it; two ledgers over one store would not see each other's memory (they
/// would still not corrupt anything: every write is conditional).
public final class Ledger: Sendable {
  /// Do not write to it past the ledger: what is in memory would be out of date, and the next change of the
  /// record meets a conflict.
  public let store: any LedgerStore
  /// Replay protection.
  public let claims: ReplayClaims
  @usableFromInline let committer: GroupCommitter
  @usableFromInline let limits: LedgerLimits
  private let tables = Mutex<[UInt8: any WriteSource]>([:])
  private let hasServer = Atomic<Bool>(false)
  /// Calls of ``close()``.
  private let closings = Atomic<Int>(0)

  /// - Parameters:
  ///   - store: where records live.
  ///   - allowVolatileLedger: write `true` to accept a store that forgets everything when the process ends. What buyers
  ///     have paid and not used is lost then, and so is what the seller has not settled.
  /// - Throws: `StoreError` with code `volatile`.
  public init(
    _ store: any LedgerStore, allowVolatileLedger: Bool = false, limits: LedgerLimits = LedgerLimits()
  ) throws(StoreError) {
    guard store.durability > .volatile || allowVolatileLedger else {
      throw StoreError(
        .volatile,
        "this store forgets payments when the process ends; use .sqlite(at:) or say allowVolatileLedger: true"
      )
    }
    self.store = store
    self.limits = limits
    claims = ReplayClaims(store: store)
    committer = GroupCommitter(store: store, limits: limits)
  }

  /// What a returned update survives.
  public var durability: Durability { store.durability }

  /// The table of a kind of records: the same one at every call.
  ///
  /// - Throws: `StoreError` with code `invalid` when another type uses the same kind.
  @inlinable
  public func table<Record: LedgerRecord>(
    _ type: Record.Type = Record.self
  ) throws(StoreError) -> RecordTable<Record> {
    if let existing = table(kind: Record.kind) { return try Self.cast(existing) }
    let made = RecordTable<Record>(store: store, committer: committer, limits: limits)
    return try Self.cast(keep(made, kind: Record.kind))
  }

  @inlinable
  static func cast<Record: LedgerRecord>(
    _ table: any WriteSource
  ) throws(StoreError) -> RecordTable<Record> {
    guard let table = table as? RecordTable<Record> else {
      throw StoreError(.invalid, "record kind \(Record.kind) is used by another type than \(Record.self)")
    }
    return table
  }

  @usableFromInline
  func table(kind: UInt8) -> (any WriteSource)? { tables.withLock { $0[kind] } }

  /// The first table of a kind stays.
  @usableFromInline
  func keep(_ table: any WriteSource, kind: UInt8) -> any WriteSource {
    tables.withLock { tables in
      if let existing = tables[kind] { return existing }
      tables[kind] = table
      return table
    }
  }

  /// Takes the ledger for one payment server. A second one in this process would take the holds of the first for those of a
  /// dead process, and give back prices of deliveries under way.
  ///
  /// - Throws: ``ConfigurationError`` when another server has it.
  func attach() throws(ConfigurationError) {
    guard hasServer.compareExchange(expected: false, desired: true, ordering: .relaxed).exchanged else {
      throw ConfigurationError(
        .ledger, "this ledger serves another PaymentServer; give each server a ledger of its own")
    }
  }

  /// After a server that was never finished.
  func detach() { hasServer.store(false, ordering: .relaxed) }

  /// Waits until everything changed so far is durable, also what nobody waits for.
  ///
  /// - Throws: `StoreError` when the store refused something that waited, or may have: those changes are gone
  ///   from memory, and their records are read again.
  public func flush() async throws(StoreError) { try await committer.flush() }

  /// Writes what waits and closes the store. Call it last; idempotent.
  public func close() async throws(StoreError) {
    closings.add(1, ordering: .relaxed)
    do throws(StoreError) {
      try await committer.flush()
    } catch {
      await store.close()
      // Another call has closed it, and says what was lost.
      if error.code == .closed, closings.load(ordering: .relaxed) > 1 { return }
      throw error
    }
    await store.close()
  }
}
