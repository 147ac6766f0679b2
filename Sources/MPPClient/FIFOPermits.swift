import Synchronization

/// A counting semaphore for tasks: first come, first served, bounded, safe under cancellation. One permit makes a lock.
package final class FIFOPermits: Sendable {
  package struct Overloaded: Error {}

  private struct Waiter {
    let id: UInt64
    let count: Int
    let continuation: CheckedContinuation<Void, any Error>
  }

  private struct State {
    var available: Int
    var nextID: UInt64 = 0
    var waiters: [Waiter] = []
    var cancelled: Set<UInt64> = []

    mutating func grant() -> [CheckedContinuation<Void, any Error>] {
      var granted: [CheckedContinuation<Void, any Error>] = []
      while let first = waiters.first, first.count <= available {
        available -= first.count
        granted.append(first.continuation)
        waiters.removeFirst()
      }
      return granted
    }
  }

  private let state: Mutex<State>
  private let maximumWaiters: Int
  package let count: Int

  package init(count: Int, maximumWaiters: Int = 256) {
    self.count = max(1, count)
    self.maximumWaiters = maximumWaiters
    state = Mutex(State(available: max(1, count)))
  }

  /// How many wait. For tests.
  package var waiting: Int { state.withLock { $0.waiters.count } }

  /// Waits for `wanted` permits (at most all of them).
  /// - Throws: `CancellationError`, or `Overloaded` when too many wait already; then nothing is held.
  package func acquire(_ wanted: Int = 1) async throws {
    let wanted = min(max(1, wanted), count)
    let id = state.withLock { state in
      state.nextID += 1
      return state.nextID
    }
    defer { state.withLock { _ = $0.cancelled.remove(id) } }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
        let immediate: Result<Void, any Error>? = state.withLock { state in
          if state.cancelled.contains(id) { return .failure(CancellationError()) }
          if state.waiters.isEmpty, state.available >= wanted {
            state.available -= wanted
            return .success(())
          }
          if state.waiters.count >= maximumWaiters { return .failure(Overloaded()) }
          state.waiters.append(Waiter(id: id, count: wanted, continuation: continuation))
          return nil
        }
        if let immediate { continuation.resume(with: immediate) }
      }
    } onCancel: {
      let (removed, granted) = state.withLock {
        state -> (CheckedContinuation<Void, any Error>?, [CheckedContinuation<Void, any Error>]) in
        guard let index = state.waiters.firstIndex(where: { $0.id == id }) else {
          state.cancelled.insert(id)
          return (nil, [])
        }
        let removed = state.waiters.remove(at: index).continuation
        return (removed, state.grant())
      }
      removed?.resume(throwing: CancellationError())
      for continuation in granted { continuation.resume() }
    }
  }

  /// Takes one permit if nobody waits and one is free.
  package func tryAcquire() -> Bool {
    state.withLock { state in
      guard state.waiters.isEmpty, state.available >= 1 else { return false }
      state.available -= 1
      return true
    }
  }

  package func release(_ returned: Int = 1) {
    let granted = state.withLock { state in
      state.available = min(count, state.available + min(max(1, returned), count))
      return state.grant()
    }
    for continuation in granted { continuation.resume() }
  }

  /// Runs `body` while holding permits.
  package func withPermits<T: Sendable>(_ wanted: Int = 1, _ body: () async throws -> T) async throws -> T {
    try await acquire(wanted)
    defer { release(wanted) }
    return try await body()
  }
}
