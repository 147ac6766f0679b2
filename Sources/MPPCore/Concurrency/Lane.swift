import Synchronization

/// Mutual exclusion for asynchronous work on one key: first come, first served, bounded, and safe under cancellation.
///
/// For work of several steps that must not overlap on one channel: open, top-up, settle, close. Different keys do not
/// wait for each other.
public final class Lane<Key: Hashable & Sendable>: Sendable {
  private struct Waiter {
    let number: UInt64
    let continuation: UnsafeContinuation<Admission, Never>
  }

  private enum Admission {
    case entered
    case cancelled
    case full
  }

  private struct State {
    /// A key is present while somebody is inside.
    var queues: [Key: [Waiter]] = [:]
    var nextNumber: UInt64 = 0
    /// Waiters cancelled before they were put into a queue.
    var cancelledEarly: Set<UInt64> = []
  }

  private let maximumWaiters: Int
  private let state = Mutex(State())

  /// - Parameter maximumWaiters: how many may wait for one key; the next one gets ``LaneError/full``.
  public init(maximumWaiters: Int = 256) { self.maximumWaiters = maximumWaiters }

  /// Runs `body` while nobody else is inside for `key`. The key is free again when `body` returns or throws.
  ///
  /// - Throws: `LaneError.full` at once when too many wait; `CancellationError` when the task is cancelled before its turn
  ///   (`body` does not run then); what `body` throws. Entering a lane again from inside of it never returns.
  public nonisolated(nonsending) func run<T>(
    _ key: Key, _ body: nonisolated(nonsending) () async throws -> T
  ) async throws -> T {
    try await enter(key)
    defer { leave(key) }
    return try await body()
  }

  /// How many wait for `key`, not counting the one inside.
  public func waiting(for key: Key) -> Int { state.withLock { $0.queues[key]?.count ?? 0 } }

  private nonisolated(nonsending) func enter(_ key: Key) async throws {
    try Task.checkCancellation()
    let number: UInt64? = state.withLock { state in
      guard state.queues[key] != nil else {
        state.queues[key] = []
        return nil
      }
      state.nextNumber += 1
      return state.nextNumber
    }
    guard let number else { return }
    let admission = await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        let early: Admission? = state.withLock { state in
          if state.cancelledEarly.remove(number) != nil { return .cancelled }
          guard let waiters = state.queues[key] else {
            state.queues[key] = []
            return .entered
          }
          guard waiters.count < maximumWaiters else { return .full }
          state.queues[key]?.append(Waiter(number: number, continuation: continuation))
          return nil
        }
        if let early { continuation.resume(returning: early) }
      }
    } onCancel: {
      cancel(key, number)
    }
    state.withLock { _ = $0.cancelledEarly.remove(number) }
    switch admission {
    case .entered: return
    case .cancelled: throw CancellationError()
    case .full: throw LaneError.full
    }
  }

  private func cancel(_ key: Key, _ number: UInt64) {
    let waiter: Waiter? = state.withLock { state in
      guard let index = state.queues[key]?.firstIndex(where: { $0.number == number }) else {
        state.cancelledEarly.insert(number)
        return nil
      }
      return state.queues[key]?.remove(at: index)
    }
    waiter?.continuation.resume(returning: .cancelled)
  }

  private func leave(_ key: Key) {
    let next: Waiter? = state.withLock { state in
      guard state.queues[key]?.isEmpty == false else {
        state.queues[key] = nil
        return nil
      }
      return state.queues[key]?.removeFirst()
    }
    next?.continuation.resume(returning: .entered)
  }
}

/// Why a ``Lane`` refused.
public enum LaneError: Error, Sendable, Equatable {
  /// As many wait as may wait. Nothing was done; try again later.
  case full
}
