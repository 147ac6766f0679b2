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
    case waiting([UnsafeContinuation<Result<Void, StoreError>, Never>], onFailure: [LossHandler])
    /// The end.
    case finished(Result<Void, StoreError>)
  }

  @usableFromInline typealias LossHandler = @Sendable (StoreError) -> Void

  @usableFromInline let key: RecordKey
  /// `nil` for a ticket that only marks a position in the queue.
  @usableFromInline let source: (any WriteSource)?
  private let state = Mutex(State.waiting([], onFailure: []))

  @usableFromInline
  init(key: RecordKey, source: (any WriteSource)?) {
    self.key = key
    self.source = source
  }

  /// Ends the ticket; only the first call counts.
  func finish(_ result: Result<Void, StoreError>) {
    let (waiting, handlers): ([UnsafeContinuation<Result<Void, StoreError>, Never>], [LossHandler]) =
      state.withLock { state in
        guard case .waiting(let continuations, let handlers) = state else { return ([], []) }
        state = .finished(result)
        return (continuations, handlers)
      }
    if case .failure(let error) = result {
      for handler in handlers { handler(error) }
    }
    for continuation in waiting { continuation.resume(returning: result) }
  }

  /// Calls `handler` when the changes did not become durable, or nobody knows.
  @usableFromInline
  func onFailure(_ handler: @escaping LossHandler) {
    let known: StoreError? = state.withLock { state in
      switch state {
      case .waiting(let continuations, var handlers):
        // The state gives its array up first: it is not copied.
        state = .waiting([], onFailure: [])
        handlers.append(handler)
        state = .waiting(continuations, onFailure: handlers)
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
        case .waiting(var continuations, let handlers):
          state = .waiting([], onFailure: [])
          continuations.append(continuation)
          state = .waiting(continuations, onFailure: handlers)
          return nil
        case .finished(let result):
          return result
        }
      }
      if let early { continuation.resume(returning: early) }
    }
  }
}
