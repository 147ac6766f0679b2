import Synchronization

/// One record's place in the queue to the store. Changes of the record that come before the store takes it share the
/// ticket, so they are written once; everybody who waits for one of them waits here.
///
/// All use of unsafe continuations on the server is in this type: each is stored once and resumed once, because both
/// happen by taking it out of `state` under the lock.
@usableFromInline
final class WriteTicket: Sendable {
  private enum State {
    /// → finished
    case waiting(Waiters)
    /// The end.
    case finished(Result<Void, StoreError>)
  }

  @usableFromInline typealias LossHandler = @Sendable (StoreError) -> Void
  private typealias Waiter = UnsafeContinuation<Result<Void, StoreError>, Never>

  /// Nearly always one of each: the first has a place of its own, so that no array is made for it.
  private struct Waiters {
    private var first: Waiter?
    private var others: [Waiter] = []
    private var firstHandler: LossHandler?
    private var otherHandlers: [LossHandler] = []

    mutating func append(_ waiter: Waiter) {
      if first == nil { first = waiter } else { others.append(waiter) }
    }

    mutating func append(_ handler: @escaping LossHandler) {
      if firstHandler == nil { firstHandler = handler } else { otherHandlers.append(handler) }
    }

    /// Call it once, without a lock.
    func resume(_ result: Result<Void, StoreError>) {
      if case .failure(let error) = result {
        firstHandler?(error)
        for handler in otherHandlers { handler(error) }
      }
      first?.resume(returning: result)
      for waiter in others { waiter.resume(returning: result) }
    }
  }

  @usableFromInline let key: RecordKey
  /// `nil` for a ticket that only marks a position in the queue.
  @usableFromInline let source: (any WriteSource)?
  private let state = Mutex(State.waiting(Waiters()))

  @usableFromInline
  init(key: RecordKey, source: (any WriteSource)?) {
    self.key = key
    self.source = source
  }

  /// Ends the ticket; only the first call counts.
  func finish(_ result: Result<Void, StoreError>) {
    let waiters: Waiters? = state.withLock { state in
      guard case .waiting(let waiters) = state else { return nil }
      state = .finished(result)
      return waiters
    }
    waiters?.resume(result)
  }

  /// Calls `handler` when the changes did not become durable, or nobody knows.
  @usableFromInline
  func onFailure(_ handler: @escaping LossHandler) {
    let known: StoreError? = state.withLock { state in
      switch state {
      case .waiting(var waiters):
        // The state gives them up first: no array is copied.
        state = .waiting(Waiters())
        waiters.append(handler)
        state = .waiting(waiters)
        return nil
      case .finished(.success): return nil
      case .finished(.failure(let error)): return error
      }
    }
    if let known { handler(known) }
  }

  var isFinished: Bool {
    state.withLock { state in
      if case .finished = state { return true }
      return false
    }
  }

  /// Waits until the changes are durable, or known not to be. Not cancellable: the answer of the store decides about
  /// money, and it comes within the time of one or two batches.
  @usableFromInline
  nonisolated(nonsending) func result() async -> Result<Void, StoreError> {
    if case .finished(let result) = state.withLock({ $0 }) { return result }
    return await withUnsafeContinuation { continuation in
      let early: Result<Void, StoreError>? = state.withLock { state in
        switch state {
        case .waiting(var waiters):
          state = .waiting(Waiters())
          waiters.append(continuation)
          state = .waiting(waiters)
          return nil
        case .finished(let result):
          return result
        }
      }
      if let early { continuation.resume(returning: early) }
    }
  }
}
