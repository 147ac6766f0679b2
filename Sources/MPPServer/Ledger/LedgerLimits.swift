/// Bounds of the ledger.
public struct LedgerLimits: Sendable {
  /// Records kept in memory for each kind. Only records without unwritten changes leave.
  public var cachedRecords = 100_000
  /// Records with changes that wait for the store; beyond it changes are refused with `overloaded`.
  public var pendingWrites = 65_536
  /// Records in one transaction of the store.
  public var batch = 1024
  /// How long a change that nobody waits for, such as the commit of a delivered price, may wait for others to share their
  /// transaction. What is lost when the power fails is at most what came in this time and during one transaction.
  public var unawaitedDelay = Duration.milliseconds(5)
  /// How often a change is applied again after another node changed the record in between.
  public var conflictRetries = 8

  /// 100 000 records a kind, 65 536 waiting writes, 1024 in a transaction, 5 ms, 8 retries.
  public init() {}
}
