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

  /// A place in the journal: the key of a record and its last version. A charge that has ended gives its place to the next one, so
  /// that the journal holds as many as were ever unfinished at once.
  private struct Place {
    let key: String
    var version: UInt64
  }

  private struct Places {
    var taken: [Hash32: Place] = [:]
    var free: [Place] = []

    mutating func release(_ hash: Hash32) {
      if let place = taken.removeValue(forKey: hash) { free.append(place) }
    }
  }

  private let environment: ClientEnvironment
  private let places = Mutex(Places())
  private let open = Mutex<[String: [ChargeEntry]]>([:])
  /// One writer of the period's account at a time.
  private let writing = FIFOPermits(count: 1)

  init(_ environment: ClientEnvironment) { self.environment = environment }

  func start() async throws(PaymentClientError) {
    do {
      for record in try await environment.journal.records(kind: Self.recordKind) {
        let entry = try ChargeEntry(decoding: record.body)
        let place = Place(key: record.key, version: record.version)
        places.withLock { places in
          if entry.state == .signed { places.taken[entry.hash] = place } else { places.free.append(place) }
        }
        if entry.state == .signed { putBack(entry) }
      }
    } catch {
      throw PaymentClientError(.journal, "the journal's charges cannot be read", underlying: error)
    }
  }

  /// The last end of validity of the payments that are not finished, in seconds on the chain's clock.
  var latestEnd: UInt64? { open.withLock { $0.values.joined().map(\.validBefore).max() } }

  /// Takes an unfinished payment for this request on this chain; the caller finishes it or puts it back.
  func take(_ request: String, on chainID: UInt64) -> ChargeEntry? {
    open.withLock { open in
      guard var entries = open[request], let index = entries.firstIndex(where: { $0.chainID == chainID })
      else { return nil }
      let entry = entries.remove(at: index)
      open[request] = entries.isEmpty ? nil : entries
      return entry
    }
  }

  func putBack(_ entry: ChargeEntry) {
    open.withLock { $0[entry.request, default: []].append(entry) }
  }

  /// Writes a new payment and its share of the period's total, all or nothing. Nothing signed for it may leave before this returns.
  /// - Parameter counted: what it may take from the account, its fee included; at least its amount.
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
      places.withLock { $0.release(entry.hash) }
      throw .wrapping(error)
    }
  }

  /// Writes what has become of a payment that is not finished, and keeps it for the next equal request.
  func write(unfinished entry: ChargeEntry) async throws(PaymentClientError) {
    defer { putBack(entry) }
    do {
      try await writing.withPermits { try await environment.journal.write([record(entry)]) }
    } catch {
      throw .wrapping(error)
    }
  }

  /// Writes the end of a payment.
  func write(ended entry: ChargeEntry) async throws(PaymentClientError) {
    do {
      try await writing.withPermits { try await environment.journal.write([record(entry)]) }
      places.withLock { $0.release(entry.hash) }
    } catch {
      throw .wrapping(error)
    }
  }

  private func record(_ entry: ChargeEntry) -> JournalRecord {
    let place = places.withLock { places in
      var place =
        places.taken[entry.hash] ?? places.free.popLast() ?? Place(key: entry.hash.hex, version: 0)
      place.version += 1
      places.taken[entry.hash] = place
      return place
    }
    return JournalRecord(
      kind: Self.recordKind, key: place.key, version: place.version, body: entry.encoded())
  }
}
