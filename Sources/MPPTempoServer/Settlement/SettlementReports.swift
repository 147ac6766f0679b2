import EVM
import Logging
import Synchronization

/// Hands settlements and closes to the application, one after the other, in a task of its own: whatever the application does with them, no
/// channel waits for it.
final class SettlementReports: Sendable {
  private struct State {
    var waiting: [SettlementEvent] = []
    /// A task hands them over, or is about to.
    var isRunning = false
  }

  private let state = Mutex(State())
  private let report: @Sendable (SettlementEvent) async -> Void
  private let capacity: Int
  private let logger: Logger

  init(capacity: Int = 1_024, logger: Logger, _ report: @escaping @Sendable (SettlementEvent) async -> Void) {
    self.report = report
    self.capacity = capacity
    self.logger = logger
  }

  /// Returns at once. Beyond the capacity an event is lost, and said to be.
  func insert(_ event: SettlementEvent) {
    let (isTaken, isFirst) = state.withLock { state in
      guard state.waiting.count < capacity else { return (false, false) }
      state.waiting.append(event)
      defer { state.isRunning = true }
      return (true, !state.isRunning)
    }
    if !isTaken {
      logger.error(
        "a settlement was not reported: too many reports wait",
        metadata: ["mpp.channel": "\(event.channelID.hex.prefix(10))"])
    }
    if isFirst { Task { await run() } }
  }

  private func run() async {
    while let event = next() { await report(event) }
  }

  private func next() -> SettlementEvent? {
    state.withLock { state in
      guard !state.waiting.isEmpty else {
        state.isRunning = false
        return nil
      }
      return state.waiting.removeFirst()
    }
  }
}
