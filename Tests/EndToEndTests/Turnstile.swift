import Synchronization

/// A gate that many pass while it is open and wait at while it is shut.
final class Turnstile<Key: Sendable>: Sendable {
  private struct State {
    var key: Key?
    var isRemoved = false
    var waiting: [AsyncStream<Void>.Continuation] = []
    /// Who watches for so many to wait.
    var watcher: (count: Int, end: AsyncStream<Void>.Continuation)?

    mutating func release() -> [AsyncStream<Void>.Continuation] {
      defer { waiting = [] }
      return waiting
    }
  }
  private let state = Mutex(State())

  /// Lets everybody through, with this key.
  func open(_ key: Key) {
    let waiting = state.withLock { state in
      state.key = key
      return state.release()
    }
    for continuation in waiting { continuation.finish() }
  }

  func shut() { state.withLock { $0.key = nil } }

  /// Sends everybody home, for good.
  func remove() {
    let waiting = state.withLock { state in
      state.isRemoved = true
      return state.release()
    }
    for continuation in waiting { continuation.finish() }
  }

  /// The key, as soon as the gate is open; `nil` when it was removed or the task is cancelled.
  func pass() async -> Key? {
    while !Task.isCancelled {
      let (stream, continuation) = AsyncStream<Void>.makeStream()
      let (key, isRemoved, watcher) = state.withLock { state in
        if state.key == nil, !state.isRemoved { state.waiting.append(continuation) }
        var watcher: AsyncStream<Void>.Continuation?
        if let watched = state.watcher, state.waiting.count >= watched.count {
          watcher = watched.end
          state.watcher = nil
        }
        return (state.key, state.isRemoved, watcher)
      }
      watcher?.finish()
      if isRemoved { return nil }
      if let key { return key }
      for await _ in stream {}
    }
    return nil
  }

  /// Returns when so many wait.
  func untilWaiting(_ count: Int) async {
    let (stream, continuation) = AsyncStream<Void>.makeStream()
    let isThere = state.withLock { state in
      if state.waiting.count < count { state.watcher = (count, continuation) }
      return state.waiting.count >= count
    }
    if !isThere { for await _ in stream {} }
  }
}
