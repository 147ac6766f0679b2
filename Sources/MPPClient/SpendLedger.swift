package import MPPCore
import Synchronization

/// Counts what a client has authorised against the period total of its policy. Charged when a voucher is authorised,
/// whether or not it is ever captured; stored with it in one journal write. A write that fails leaves the charge
/// counted, and the next one takes it along.
package final class SpendLedger: Sendable {
  package static let recordKind = "spend"

  private struct Account {
    var window = SpendWindow()
    var version: UInt64 = 0
    /// Grows with every charge; what of it is certainly on disk.
    var charges: UInt64 = 0
    var stored: UInt64 = 0
  }

  /// Charges on their way to the disk.
  package struct Unstored: Sendable {
    package let record: JournalRecord
    fileprivate let charges: UInt64
  }

  package let policy: SpendPolicy
  private let clock: any WallClock
  private let accounts = Mutex<[String: Account]>([:])

  package init(policy: SpendPolicy, clock: any WallClock) {
    self.policy = policy
    self.clock = clock
  }

  /// Takes over what the journal holds.
  package func restore(_ records: [JournalRecord]) throws(PaymentClientError) {
    for record in records {
      let window = try Self.decode(record)
      accounts.withLock { $0[record.key] = Account(window: window, version: record.version) }
    }
  }

  /// Adds `amount` to the total, or throws when that would be above the limit. Before anything signed for it leaves,
  /// what ``unstored(account:)`` returns must be on disk. `account` has one writer at a time: the caller's lane.
  package func charge(_ amount: Amount, account key: String) throws(PaymentClientError) {
    try add(amount, account: key, isLimited: true)
  }

  /// Adds what was signed already, by somebody else with the same key: no limit can undo it, but it counts.
  package func count(_ amount: Amount, account key: String) throws(PaymentClientError) {
    try add(amount, account: key, isLimited: false)
  }

  private func add(
    _ amount: Amount, account key: String, isLimited: Bool
  ) throws(PaymentClientError) {
    let now = clock.now
    let period = policy.periodSeconds
    let limit = policy.maximumTotal
    let refusal: PaymentClientError? = accounts.withLock { accounts in
      do {
        var total = amount
        for account in accounts.values {
          total = try total.adding(account.window.total(at: now, period: period))
        }
        guard total <= limit || !isLimited else {
          return .refusedByPolicy(
            "\(total) base units in \(period) seconds would be above the limit of \(limit)")
        }
        var account = accounts[key] ?? Account()
        try account.window.add(amount, at: now, period: period)
        account.charges += 1
        accounts[key] = account
        return nil
      } catch {
        return PaymentClientError(.inconsistent, "spend total overflows", underlying: error)
      }
    }
    if let refusal { throw refusal }
  }

  /// The record of an account with charges that may not be on disk yet; nil when all are. Each call takes a version of
  /// its own: a write that failed may have happened all the same.
  package func unstored(account key: String) -> Unstored? {
    accounts.withLock { accounts in
      guard var account = accounts[key], account.stored < account.charges else { return nil }
      account.version += 1
      accounts[key] = account
      return Unstored(
        record: JournalRecord(
          kind: Self.recordKind, key: key, version: account.version, body: Self.encode(account.window)),
        charges: account.charges)
    }
  }

  /// The journal's write has returned.
  package func stored(_ unstored: Unstored) {
    accounts.withLock { accounts in
      guard let account = accounts[unstored.record.key] else { return }
      accounts[unstored.record.key]?.stored = max(account.stored, unstored.charges)
    }
  }

  /// What has been authorised in the current period, in base units.
  package func total() -> Amount {
    let now = clock.now
    return accounts.withLock { accounts in
      accounts.values.reduce(Amount.zero) { sum, account in
        do { return try sum.adding(account.window.total(at: now, period: policy.periodSeconds)) } catch {
          return sum
        }
      }
    }
  }

  private static func encode(_ window: SpendWindow) -> [UInt8] {
    let items = window.slices.sorted { $0.key < $1.key }
      .map { JSONValue.array([.integer($0.key), .string($0.value.description)]) }
    return Array(JSONValue.array(items).serialized().utf8)
  }

  private static func decode(_ record: JournalRecord) throws(PaymentClientError) -> SpendWindow {
    do {
      var slices: [Int64: Amount] = [:]
      guard case .array(let items) = try JSONValue(parsing: record.body) else {
        throw JournalError(.corrupt, "")
      }
      for item in items {
        guard case .array(let pair) = item, pair.count == 2, case .integer(let start) = pair[0],
          case .string(let amount) = pair[1]
        else { throw JournalError(.corrupt, "") }
        slices[start] = try Amount(baseUnits: amount)
      }
      return SpendWindow(slices: slices)
    } catch {
      throw PaymentClientError(.journal, "spend record \(record.key) is damaged", underlying: error)
    }
  }
}
