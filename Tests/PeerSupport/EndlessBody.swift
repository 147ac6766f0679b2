package import MPPCore
import Synchronization

/// Some bytes, and then nothing more, for ever.
struct EndlessBody: AsyncSequence, Sendable {
  let chunks: AsyncStream<[UInt8]>
  /// Called each time before somebody waits.
  let waits: @Sendable () -> Void

  struct AsyncIterator: AsyncIteratorProtocol {
    var chunks: AsyncStream<[UInt8]>.AsyncIterator
    let waits: @Sendable () -> Void
    var hasStarted = false

    mutating func next() async -> [UInt8]? {
      if hasStarted { waits() }
      hasStarted = true
      return await chunks.next()
    }
  }

  func makeAsyncIterator() -> AsyncIterator {
    AsyncIterator(chunks: chunks.makeAsyncIterator(), waits: waits)
  }
}

/// Somebody whose patience ends when a test says so: the latest of the waits, or the next one.
package final class EndingPatience: Sleeper {
  private struct State {
    var waiting: [(number: Int, end: AsyncStream<Void>.Continuation)] = []
    var owed = 0
    var last = 0
  }
  private let state = Mutex(State())

  package init() {}

  package func end() {
    let waiting = state.withLock { state -> AsyncStream<Void>.Continuation? in
      guard let latest = state.waiting.popLast() else {
        state.owed += 1
        return nil
      }
      return latest.end
    }
    waiting?.finish()
  }

  package func sleep(milliseconds: Int64) async throws {
    let (stream, continuation) = AsyncStream<Void>.makeStream()
    let number = state.withLock { state -> Int? in
      guard state.owed == 0 else {
        state.owed -= 1
        return nil
      }
      state.last += 1
      state.waiting.append((state.last, continuation))
      return state.last
    }
    guard let number else { return }
    for await _ in stream {}
    state.withLock { $0.waiting.removeAll { $0.number == number } }
    try Task.checkCancellation()
  }
}
