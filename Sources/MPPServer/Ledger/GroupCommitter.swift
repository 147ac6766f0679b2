import Synchronization

/// Brings changes to the store, many in one transaction.
///
/// ``enqueue(_:)`` is called under the lock of the record's shard, so the order of the queue is the order of the changes.
/// ``kick()`` is called after it, without a lock: when nothing is under way it hands the queue to the store; what comes in
/// the meantime forms the next batch. One batch is under way at a time. There is no task: the caller that finds the
/// committer idle starts it, and the thread on which the store reports goes on with it.
///
/// When a batch fails, everything in it and everything queued behind it fails, and those records are read again before their
/// next use: memory never runs ahead of a store that refused.
@usableFromInline
final class GroupCommitter: Sendable {
  private struct State {
    var queue: [WriteTicket] = []
    var isRunning = false
  }

  private struct Prepared {
    var tickets: [WriteTicket] = []
    var writes: [Write] = []
    var markers: [WriteTicket] = []
  }

  private let store: any LedgerStore
  private let batchLimit: Int
  private let queueLimit: Int
  private let state = Mutex(State())

  init(store: any LedgerStore, limits: LedgerLimits) {
    self.store = store
    self.batchLimit = max(limits.batch, 1)
    self.queueLimit = max(limits.pendingWrites, 1)
  }

  /// Whether another record may join the queue.
  @usableFromInline var hasRoom: Bool { state.withLock { $0.queue.count < queueLimit } }

  /// Puts a ticket at the end of the queue. Call ``kick()`` when all locks are released.
  @usableFromInline
  func enqueue(_ ticket: WriteTicket) {
    state.withLock { $0.queue.append(ticket) }
  }

  /// Starts work if there is some and none is under way.
  @usableFromInline
  func kick() {
    if let batch = nextBatch(starting: true) { run(batch) }
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

  private func nextBatch(starting: Bool) -> [WriteTicket]? {
    state.withLock { state in
      if starting && state.isRunning { return nil }
      guard !state.queue.isEmpty else {
        state.isRunning = false
        return nil
      }
      state.isRunning = true
      if state.queue.count <= batchLimit {
        let batch = state.queue
        state.queue = []
        return batch
      }
      let batch = Array(state.queue.prefix(batchLimit))
      state.queue.removeFirst(batchLimit)
      return batch
    }
  }

  private func run(_ first: [WriteTicket]) {
    var next: [WriteTicket]? = first
    while let batch = next {
      let prepared = prepare(batch)
      guard !prepared.writes.isEmpty else {
        for marker in prepared.markers { marker.finish(.success(())) }
        next = nextBatch(starting: false)
        continue
      }
      let handover = BatchHandover()
      store.submit(prepared.writes) { result in
        self.complete(prepared, result)
        if handover.completed() { self.resume() }
      }
      guard handover.returned() else { return }
      next = nextBatch(starting: false)
    }
  }

  private func resume() {
    if let batch = nextBatch(starting: false) { run(batch) }
  }

  /// Takes the newest state of every record in the batch. Encoding happens here, once for each record and batch.
  private func prepare(_ batch: [WriteTicket]) -> Prepared {
    var prepared = Prepared()
    prepared.tickets.reserveCapacity(batch.count)
    prepared.writes.reserveCapacity(batch.count)
    for ticket in batch {
      guard let source = ticket.source else {
        prepared.markers.append(ticket)
        continue
      }
      do {
        guard let write = try source.takeWrite(ticket) else { continue }
        prepared.tickets.append(ticket)
        prepared.writes.append(write)
      } catch {
        let refusal = StoreError(
          .invalid, "record \(ticket.key) cannot be written", underlying: String(describing: error))
        source.forget(ticket, refusal)
        ticket.finish(.failure(refusal))
      }
    }
    return prepared
  }

  private func complete(_ prepared: Prepared, _ result: Result<[WriteOutcome], StoreError>) {
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

  private func fail(_ prepared: Prepared, _ error: StoreError) {
    let queued = state.withLock { state in
      let queued = state.queue
      state.queue = []
      return queued
    }
    for ticket in prepared.tickets + prepared.markers + queued {
      ticket.source?.forget(ticket, error)
      ticket.finish(.failure(error))
    }
  }
}
