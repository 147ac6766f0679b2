import EVM
import MPPClient
import MPPCore
import Synchronization

/// The charges of a client in its journal, and those of them that nobody is waiting for any more: paid for, or perhaps, and not
/// delivered. The next equal request presents them before anything new is signed.
final class ChargeJournal: Sendable {
  static let recordKind = "charge"
  /// Where the period's total counts charges.
  private static let account = "charge"

  private let environment: ClientEnvironment
  private let versions = Mutex<[Hash32: UInt64]>([:])
  private let open = Mutex<[String: [ChargeEntry]]>([:])
  /// One writer of the period's account at a time.
  private let writing = FIFOPermits(count: 1)

  init(_ environment: ClientEnvironment) { self.environment = environment }

  func start() async throws(PaymentClientError) {
    do {
      for record in try await environment.journal.records(kind: Self.recordKind) {
        let entry = try ChargeEntry(decoding: record.body)
        versions.withLock { $0[entry.hash] = record.version }
        if entry.state == .signed { putBack(entry) }
      }
    } catch {
      throw PaymentClientError(.journal, "the journal's charges cannot be read", underlying: error)
    }
  }

  /// The last end of validity of the payments that are not finished, in seconds on the chain's clock.
  var latestEnd: UInt64? { open.withLock { $0.values.joined().map(\.validBefore).max() } }

  /// Takes an unfinished payment for this request; the caller finishes it or puts it back.
  func take(_ request: String) -> ChargeEntry? {
    open.withLock { open in
      guard var entries = open[request], !entries.isEmpty else { return nil }
      let entry = entries.removeFirst()
      open[request] = entries.isEmpty ? nil : entries
      return entry
    }
  }

  func putBack(_ entry: ChargeEntry) {
    open.withLock { $0[entry.request, default: []].append(entry) }
  }

  /// Writes a new payment and its share of the period's total, all or nothing. Nothing signed for it may leave before this returns.
  /// - Parameter counted: what it may take from the account, at least its amount.
  func write(new entry: ChargeEntry, counted: Amount) async throws(PaymentClientError) {
    do {
      try await writing.withPermits {
        try environment.spending.charge(max(counted, entry.amount), account: Self.account)
        guard let spend = environment.spending.unstored(account: Self.account) else {
          throw PaymentClientError(.inconsistent, "a charge was not counted")
        }
        try await environment.journal.write([spend.record, record(entry)])
        environment.spending.stored(spend)
      }
    } catch {
      throw .wrapping(error)
    }
  }

  func write(_ entry: ChargeEntry) async throws(PaymentClientError) {
    do {
      try await writing.withPermits { try await environment.journal.write([record(entry)]) }
    } catch {
      throw .wrapping(error)
    }
  }

  private func record(_ entry: ChargeEntry) -> JournalRecord {
    let version = versions.withLock { versions in
      versions[entry.hash, default: 0] += 1
      return versions[entry.hash] ?? 1
    }
    return JournalRecord(kind: Self.recordKind, key: entry.hash.hex, version: version, body: entry.encoded())
  }
}
