import UnixSignals

/// SIGINT and SIGTERM as values. Trap them before a ready line is printed.
struct TerminationSignals: Sendable {
  private let signals: AsyncStream<UnixSignal>

  init() async {
    let trapped = await UnixSignalsSequence(trapping: .sigint, .sigterm)
    let (signals, arrived) = AsyncStream<UnixSignal>.makeStream()
    self.signals = signals
    // The trapped sequence can be iterated once; this task does so for the rest of the process.
    Task { for await signal in trapped { arrived.yield(signal) } }
  }

  /// Returns at the next signal, or when the task is cancelled. One caller at a time.
  @discardableResult
  func wait() async -> UnixSignal? {
    for await signal in signals { return signal }
    return nil
  }
}
