import Synchronization
public import TempoDevnet
public import TempoRPC

/// Pauses without waiting: short ones move the shared clock, long ones (the pause between two sweeps) end
/// when ``sweep()`` says so, and those in between (the look at the holds) last until their task is cancelled.
public final class MarketSleeper: Sleeper {
  private struct State {
    var parked: [Int: AsyncStream<Void>.Continuation] = [:]
    var watchers: [AsyncStream<Void>.Continuation] = []
    var next = 0
    var pauses = 0
  }

  private let clock: DevnetClock
  private let parksFrom: Int64
  /// Milliseconds.
  private static let idlesFrom: Int64 = 10_000
  private let state = Mutex(State())

  /// - Parameter parksFrom: milliseconds.
  public init(clock: DevnetClock, parksFrom: Int64 = 30_000) {
    self.clock = clock
    self.parksFrom = parksFrom
  }

  /// How many short pauses there were.
  public var pauses: Int { state.withLock { $0.pauses } }

  public func sleep(milliseconds: Int64) async throws {
    try Task.checkCancellation()
    if parksFrom != .max, (Self.idlesFrom..<parksFrom).contains(milliseconds) {
      let (idle, continuation) = AsyncStream<Void>.makeStream()
      for await _ in idle {}
      continuation.finish()
      return try Task.checkCancellation()
    }
    guard milliseconds >= parksFrom else {
      state.withLock { $0.pauses += 1 }
      clock.advance(milliseconds: max(0, milliseconds))
      await Task.yield()
      return try Task.checkCancellation()
    }
    let (stream, continuation) = AsyncStream<Void>.makeStream()
    let (number, watchers) = state.withLock { state in
      state.next += 1
      state.parked[state.next] = continuation
      defer { state.watchers = [] }
      return (state.next, state.watchers)
    }
    for watcher in watchers { watcher.finish() }
    for await _ in stream {}
    state.withLock { _ = $0.parked.removeValue(forKey: number) }
    try Task.checkCancellation()
  }

  /// Ends the long pauses under way and returns when all who paused do so again: one whole sweep later.
  public func sweep() async {
    await untilParked()
    let parked = state.withLock { state in
      defer { state.parked = [:] }
      return state.parked.values.map { $0 }
    }
    for continuation in parked { continuation.finish() }
    await untilParked()
  }

  /// The look at forced closes and the one at everything else.
  private static let sweepers = 2

  private func untilParked() async {
    while true {
      let (stream, continuation) = AsyncStream<Void>.makeStream()
      let areParked = state.withLock { state in
        if state.parked.count >= Self.sweepers { return true }
        state.watchers.append(continuation)
        return false
      }
      if areParked { return }
      for await _ in stream {}
    }
  }
}
