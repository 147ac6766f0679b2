import Synchronization

/// A journal that notices when somebody else writes to it, and is never written to again then.
///
/// Two clients on one journal would each replace what the other has authorised. A record that is stale gives that away, and so does a
/// record in the place of one whose write seemed to fail: the version of that one was used up, so it would be overwritten unnoticed.
final class SoleWriterJournal: PaymentJournal {
  private struct Place: Hashable {
    let kind: String
    let key: String

    init(_ record: JournalRecord) {
      kind = record.kind
      key = record.key
    }
  }

  /// Writes of one record that failed one after the other; any of them may have happened all the same.
  private struct Attempts {
    let lowestVersion: UInt64
    var bodies: [[UInt8]]

    /// Bodies that are remembered.
    static let most = 16

    init(_ record: JournalRecord) {
      lowestVersion = record.version
      bodies = [record.body]
    }

    /// Whether a stored record is none of these, and takes the place of one.
    func areReplaced(by stored: JournalRecord) -> Bool {
      stored.version >= lowestVersion && !bodies.contains(stored.body)
    }
  }

  private struct State {
    var doubtful: [Place: Attempts] = [:]
    var isShared = false

    mutating func failed(_ record: JournalRecord) {
      guard var attempts = doubtful[Place(record)] else {
        doubtful[Place(record)] = Attempts(record)
        return
      }
      attempts.bodies = attempts.bodies.suffix(Attempts.most - 1) + [record.body]
      doubtful[Place(record)] = attempts
    }
  }

  private let journal: any PaymentJournal
  private let state = Mutex(State())

  init(_ journal: any PaymentJournal) { self.journal = journal }

  var durability: JournalDurability { journal.durability }

  func write(_ records: [JournalRecord]) async throws(JournalError) {
    if state.withLock({ $0.isShared }) { throw Self.shared }
    let doubtful = state.withLock { state in records.filter { state.doubtful[Place($0)] != nil } }
    for record in doubtful { try await check(Place(record)) }
    do {
      try await journal.write(records)
    } catch {
      state.withLock { state in
        if error.code == .stale { state.isShared = true }
        for record in records { state.failed(record) }
      }
      throw error.code == .stale ? Self.shared : error
    }
    guard !doubtful.isEmpty else { return }
    state.withLock { state in for record in records { state.doubtful[Place(record)] = nil } }
  }

  /// Throws when somebody else has written in the place of a record whose write failed.
  private func check(_ place: Place) async throws(JournalError) {
    guard let stored = try await journal.records(kind: place.kind).first(where: { Place($0) == place }) else {
      return
    }
    let isShared = state.withLock { state in
      if state.doubtful[place]?.areReplaced(by: stored) == true { state.isShared = true }
      return state.isShared
    }
    if isShared { throw Self.shared }
  }

  func records(kind: String) async throws(JournalError) -> [JournalRecord] {
    try await journal.records(kind: kind)
  }

  func close() async throws(JournalError) { try await journal.close() }

  private static let shared = JournalError(
    .stale, "another client has written to this journal; this one has stopped, make a new one")
}
