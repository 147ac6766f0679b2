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

  /// Who waits for one key.
  private struct Queue {
    var ahead: [Waiter] = []
    var others: [Waiter] = []

    var count: Int { ahead.count + others.count }

    mutating func append(_ waiter: Waiter, isAhead: Bool, maximum: Int) -> Bool {
      guard (isAhead ? ahead.count : others.count) < maximum else { return false }
      if isAhead { ahead.append(waiter) } else { others.append(waiter) }
      return true
    }

    mutating func remove(_ number: UInt64) -> Waiter? {
      if let index = ahead.firstIndex(where: { $0.number == number }) { return ahead.remove(at: index) }
      return others.firstIndex { $0.number == number }.map { others.remove(at: $0) }
    }

    mutating func next() -> Waiter? {
      if !ahead.isEmpty { return ahead.removeFirst() }
      return others.isEmpty ? nil : others.removeFirst()
    }
  }

  private struct State {
    /// A key is present while somebody is inside.
    var queues: [Key: Queue] = [:]
    var nextNumber: UInt64 = 0
    /// Waiters cancelled before they were put into a queue.
    var cancelledEarly: Set<UInt64> = []
  }

  private let maximumWaiters: Int
  private let state = Mutex(State())

  /// - Parameter maximumWaiters: how many may wait for one key; the next one gets ``LaneError/full``. Those who go ahead
  ///   have as many places of their own.
  public init(maximumWaiters: Int = 256) { self.maximumWaiters = maximumWaiters }

  /// Runs `body` while nobody else is inside for `key`. The key is free again when `body` returns or throws.
  ///
  /// - Parameter isAhead: enter before all who wait and are not ahead themselves: for work that others must not be able to
  ///   keep out.
  /// - Throws: `LaneError.full` at once when too many wait; `CancellationError` when the task is cancelled before its turn
  ///   (`body` does not run then); what `body` throws. Entering a lane again from inside of it never returns.
  public nonisolated(nonsending) func run<T>(
    _ key: Key, isAhead: Bool = false, _ body: nonisolated(nonsending) () async throws -> T
  ) async throws -> T {
    try await enter(key, isAhead)
    defer { leave(key) }
    return try await body()
  }

  /// As ``run(_:isAhead:_:)``, but does nothing and returns `nil` when somebody is inside.
  public nonisolated(nonsending) func runIfFree<T>(
    _ key: Key, _ body: nonisolated(nonsending) () async throws -> T
  ) async throws -> T? {
    let isFree = state.withLock { state in
      guard state.queues[key] == nil else { return false }
      state.queues[key] = Queue()
      return true
    }
    guard isFree else { return nil }
    defer { leave(key) }
    return try await body()
  }

  /// How many wait for `key`, not counting the one inside.
  public func waiting(for key: Key) -> Int { state.withLock { $0.queues[key]?.count ?? 0 } }

  private nonisolated(nonsending) func enter(_ key: Key, _ isAhead: Bool) async throws {
    try Task.checkCancellation()
    let number: UInt64? = state.withLock { state in
      guard state.queues[key] != nil else {
        state.queues[key] = Queue()
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
          guard state.queues[key] != nil else {
            state.queues[key] = Queue()
            return .entered
          }
          let waiter = Waiter(number: number, continuation: continuation)
          let isQueued = state.queues[key]?.append(waiter, isAhead: isAhead, maximum: maximumWaiters)
          return isQueued == true ? nil : .full
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
      if let waiter = state.queues[key]?.remove(number) { return waiter }
      state.cancelledEarly.insert(number)
      return nil
    }
    waiter?.continuation.resume(returning: .cancelled)
  }

  private func leave(_ key: Key) {
    let next: Waiter? = state.withLock { state in
      if let next = state.queues[key]?.next() { return next }
      state.queues[key] = nil
      return nil
    }
    next?.continuation.resume(returning: .entered)
  }
}

/// Why a ``Lane`` refused.
public enum LaneError: Error, Sendable, Equatable {
  /// As many wait as may wait. Nothing was done; try again later.
  case full
}
