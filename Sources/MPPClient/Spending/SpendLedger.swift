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
      let window = try decode(record)
      accounts.withLock { $0[record.key] = Account(window: window, version: record.version) }
    }
  }

  /// Adds `amount` to the total, or throws when that would be above the limit. Before anything signed for it leaves,
  /// what ``unstored(account:)`` returns must be on disk. `account` has one writer at a time: the caller's lane.
  package func charge(_ amount: Amount, account key: String) throws(PaymentClientError) {
    try add(amount, account: key, isLimited: true)
  }

  /// Adds what no limit can undo, or may stand in the way of, but counts: what somebody else signed with the same key, and the fees of
  /// getting deposits back.
  package func count(_ amount: Amount, account key: String) throws(PaymentClientError) {
    try add(amount, account: key, isLimited: false)
  }

  /// Whether `amount` would be within the limit now; counts nothing.
  package func check(_ amount: Amount) throws(PaymentClientError) {
    let now = clock.now
    let refusal: PaymentClientError? = accounts.withLock { self.refusal(of: amount, $0, now) }
    if let refusal { throw refusal }
  }

  private func refusal(
    of amount: Amount, _ accounts: [String: Account], _ now: Timestamp
  ) -> PaymentClientError? {
    let period = policy.periodSeconds
    do {
      var total = amount
      for account in accounts.values {
        total = try total.adding(account.window.total(at: now, period: period))
      }
      guard total > policy.maximumTotal else { return nil }
      return .refusedByPolicy(
        "\(total) base units in \(period) seconds would be above the limit of \(policy.maximumTotal)")
    } catch {
      return PaymentClientError(.inconsistent, "spend total overflows", underlying: error)
    }
  }

  private func add(
    _ amount: Amount, account key: String, isLimited: Bool
  ) throws(PaymentClientError) {
    guard amount > .zero else { return }
    let now = clock.now
    let refusal: PaymentClientError? = accounts.withLock { accounts in
      if isLimited, let refusal = self.refusal(of: amount, accounts, now) { return refusal }
      do {
        var account = accounts[key] ?? Account()
        try account.window.add(amount, at: now, period: policy.periodSeconds)
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
    let slices = window.slices.sorted { $0.start < $1.start }
      .map { JSONValue.array([.integer($0.start), .integer($0.end), .string($0.amount.description)]) }
    let body: JSONValue = ["period": .integer(window.longestPeriod), "slices": .array(slices)]
    return Array(body.serialized().utf8)
  }

  private func decode(_ record: JournalRecord) throws(PaymentClientError) -> SpendWindow {
    do {
      let value = try JSONValue(parsing: record.body)
      if case .array(let pairs) = value { return try earlier(pairs) }
      guard case .array(let items)? = value["slices"], let longest = value["period"]?.intValue else {
        throw JournalError(.corrupt, "")
      }
      let slices = try items.map { item throws -> SpendWindow.Slice in
        guard case .array(let parts) = item, parts.count == 3, case .integer(let start) = parts[0],
          case .integer(let end) = parts[1], case .string(let amount) = parts[2], end >= start
        else { throw JournalError(.corrupt, "") }
        return SpendWindow.Slice(start: start, end: end, amount: try Amount(baseUnits: amount))
      }
      return SpendWindow(slices: slices, longestPeriod: longest)
    } catch {
      throw PaymentClientError(.journal, "spend record \(record.key) is damaged", underlying: error)
    }
  }

  /// The form of earlier versions, pairs of start and amount. How long a slice was is not known: it is taken to reach up to now.
  private func earlier(_ pairs: [JSONValue]) throws -> SpendWindow {
    let now = clock.now.seconds
    let slices = try pairs.map { pair throws -> SpendWindow.Slice in
      guard case .array(let parts) = pair, parts.count == 2, case .integer(let start) = parts[0],
        case .string(let amount) = parts[1]
      else { throw JournalError(.corrupt, "") }
      return SpendWindow.Slice(start: start, end: max(start, now), amount: try Amount(baseUnits: amount))
    }
    return SpendWindow(slices: slices, longestPeriod: policy.periodSeconds)
  }
}
