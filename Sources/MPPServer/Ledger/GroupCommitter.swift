import Synchronization

/// Brings changes to the store, many in one transaction.
///
/// ``enqueue(_:)`` is called under the lock of the record's shard, so the order of the queue is the order of the changes.
/// ``kick()`` is called after it, without a lock: when nothing is under way it asks the store to take the queue; what comes in
/// until the store does so is part of the batch. One batch is under way at a time. There is no task: the caller that finds the
/// committer idle starts it, and the thread on which the store reports goes on with it.
///
/// Changes nobody waits for (``kickLater()``) ride along: with the next batch somebody waits for, or alone when none has come for
/// ``LedgerLimits/unawaitedDelay``.
///
/// When a batch fails, everything in it and everything queued behind it fails, and those records are read again before their
/// next use: memory never runs ahead of a store that refused.
@usableFromInline
final class GroupCommitter: Sendable {
  private struct State {
    var queue: [WriteTicket] = []
    var isRunning = false
    /// Somebody waits for what is queued.
    var isAwaited = false
    /// A timer will look after what nobody waits for.
    var hasTimer = false

    /// Whether a timer has to be started for what is queued.
    mutating func takesTimer() -> Bool {
      guard !queue.isEmpty, !hasTimer else { return false }
      hasTimer = true
      return true
    }
  }

  private let store: any LedgerStore
  private let batchLimit: Int
  private let queueLimit: Int
  private let unawaitedDelay: Duration
  private let state = Mutex(State())

  init(store: any LedgerStore, limits: LedgerLimits) {
    self.store = store
    self.batchLimit = max(limits.batch, 1)
    self.queueLimit = max(limits.pendingWrites, 1)
    self.unawaitedDelay = max(limits.unawaitedDelay, .zero)
  }

  /// Whether another record may join the queue.
  @usableFromInline var hasRoom: Bool { state.withLock { $0.queue.count < queueLimit } }

  /// Records in the queue.
  var waitingCount: Int { state.withLock { $0.queue.count } }

  /// Puts a ticket at the end of the queue. Call ``kick()`` or ``kickLater()`` when all locks are released.
  @usableFromInline
  func enqueue(_ ticket: WriteTicket) {
    state.withLock { $0.queue.append(ticket) }
  }

  /// Starts work if there is some and none is under way.
  @usableFromInline
  func kick() {
    let starts = state.withLock { state in
      guard !state.queue.isEmpty else { return false }
      state.isAwaited = true
      guard !state.isRunning else { return false }
      state.isRunning = true
      return true
    }
    if starts { run() }
  }

  /// Sees to it that what is queued is written soon, though nobody waits for it.
  @usableFromInline
  func kickLater() {
    let (needsTimer, isFull) = state.withLock { state in
      guard !state.isRunning, !state.isAwaited else { return (false, false) }
      if state.queue.count >= queueLimit { return (false, true) }
      return (state.takesTimer(), false)
    }
    if isFull { kick() }
    if needsTimer { startTimer() }
  }

  /// Waits for everything that is queued now.
  ///
  /// - Throws: what the store said to one of the batches; records concerned are read again at their next use.
  func flush() async throws(StoreError) {
    let marker = WriteTicket(key: RecordKey(kind: 0, id: []), source: nil)
    enqueue(marker)
    kick()
    try await marker.result().get()
  }

  private func startTimer() {
    Task { [self] in
      try? await Task.sleep(for: unawaitedDelay)
      state.withLock { $0.hasTimer = false }
      kick()
    }
  }

  private func run() {
    repeat {
      let batch = WriteBatch(self)
      store.submit(batch) { result in
        self.complete(batch.finish(), result)
        if batch.completed(), self.goesOn() { self.run() }
      }
      guard batch.returned() else { return }
    } while goesOn()
  }

  /// Whether another batch follows at once.
  private func goesOn() -> Bool {
    let (goesOn, needsTimer) = state.withLock { state in
      if state.isAwaited { return (true, false) }
      state.isRunning = false
      return (false, state.takesTimer())
    }
    if needsTimer { startTimer() }
    return goesOn
  }

  /// The newest state of every record in the queue, up to the limit of a batch. Encoding happens here, once for each record and batch.
  func take() -> WriteBatch.Taken {
    let tickets = state.withLock { state in
      guard state.queue.count > batchLimit else {
        let tickets = state.queue
        state.queue = []
        state.isAwaited = false
        return tickets
      }
      let tickets = Array(state.queue.prefix(batchLimit))
      state.queue.removeFirst(batchLimit)
      return tickets
    }
    return prepare(tickets)
  }

  private func prepare(_ tickets: [WriteTicket]) -> WriteBatch.Taken {
    var prepared = WriteBatch.Taken()
    prepared.writes.reserveCapacity(tickets.count)
    // Nearly always all of them have a write: then the list is the one that was taken.
    var written: [WriteTicket]?
    for (index, ticket) in tickets.enumerated() {
      if let write = write(for: ticket) {
        prepared.writes.append(write)
        written?.append(ticket)
      } else {
        if written == nil { written = Array(tickets[..<index]) }
        if ticket.source == nil { prepared.markers.append(ticket) }
      }
    }
    prepared.tickets = written ?? tickets
    return prepared
  }

  /// Nil for a marker, for a ticket that was given up, and for a record that cannot be encoded: then its ticket has ended.
  private func write(for ticket: WriteTicket) -> Write? {
    guard let source = ticket.source else { return nil }
    do {
      return try source.takeWrite(ticket)
    } catch {
      let refusal = StoreError(
        .invalid, "record \(ticket.key) cannot be written", underlying: String(describing: error))
      source.forget(ticket, refusal)
      ticket.finish(.failure(refusal))
      return nil
    }
  }

  private func complete(_ prepared: WriteBatch.Taken, _ result: Result<[WriteOutcome], StoreError>) {
    switch result {
    case .success(let outcomes) where outcomes.count == prepared.tickets.count:
      for (ticket, outcome) in zip(prepared.tickets, outcomes) {
        if case .applied = outcome {
          ticket.source?.written(ticket)
          ticket.finish(.success(()))
        } else {
          let error = StoreError(.conflict, "record \(ticket.key) was changed elsewhere")
          ticket.source?.forget(ticket, error)
          ticket.finish(.failure(error))
        }
      }
      for marker in prepared.markers { marker.finish(.success(())) }
    case .success:
      fail(prepared, StoreError(.unavailable, "the store did not answer for every write"))
    case .failure(let error):
      fail(prepared, error)
    }
  }

  private func fail(_ prepared: WriteBatch.Taken, _ error: StoreError) {
    let queued = state.withLock { state in
      let queued = state.queue
      state.queue = []
      state.isAwaited = false
      return queued
    }
    for ticket in prepared.tickets + prepared.markers + queued {
      ticket.source?.forget(ticket, error)
      ticket.finish(.failure(error))
    }
  }
}
