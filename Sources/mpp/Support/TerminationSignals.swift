import UnixSignals

/// SIGINT and SIGTERM as values. Trap them before a ready line is printed.
struct TerminationSignals: Sendable {
  private let signals: UnixSignalsSequence

  init() async { signals = await UnixSignalsSequence(trapping: .sigint, .sigterm) }

  /// Returns at the first signal, or when the task is cancelled.
  @discardableResult
  func wait() async -> UnixSignal? {
    for await signal in signals { return signal }
    return nil
  }
}
