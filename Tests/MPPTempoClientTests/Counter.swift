import Synchronization

/// 1, 2, 3, …
final class Counter: Sendable {
  private let stored = Mutex(0)
  func next() -> Int {
    stored.withLock { value in
      value += 1
      return value
    }
  }
}
