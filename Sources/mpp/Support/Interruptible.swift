/// Work that SIGINT and SIGTERM end in order: first it is asked to stop, then it is cancelled; either way it is
/// given the time to put everything away.
enum Interruptible {
  private enum Event<T: Sendable>: Sendable {
    case done(T)
    case signal
    case overdue
  }

  /// How long work that was asked to stop may take before it is cancelled.
  static let patience = Duration.seconds(15)

  /// - Parameters:
  ///   - hint: what to do next after an interruption.
  ///   - stop: asks the work to end soon by itself; nil: it is cancelled at once.
  /// - Throws: `CommandFailure` with `interrupted`, or what the work throws.
  static func run<T: Sendable>(
    hint: String? = "what was signed is in the journal: `mpp sessions list`",
    stop: (@Sendable () -> Void)? = nil, work: @escaping @Sendable () async throws -> T
  ) async throws -> T {
    let signals = await TerminationSignals()
    return try await withThrowingTaskGroup(of: Event<T>.self) { group in
      defer { group.cancelAll() }
      group.addTask { .done(try await work()) }
      group.addTask {
        await signals.wait()
        return .signal
      }
      if case .done(let value) = try await group.next() { return value }
      if let stop {
        stop()
        group.addTask {
          await signals.wait()
          return .signal
        }
        group.addTask {
          try await Task.sleep(for: patience)
          return .overdue
        }
        if case .done = try await group.next() {
          throw CommandFailure(.interrupted, "interrupted", hint: hint)
        }
      }
      group.cancelAll()
      while let end = await group.nextResult() {
        if case .success(.done) = end { break }
        // What the work says about its interruption is more than what is known here; anything else does not matter any more.
        if case .failure(let error as CommandFailure) = end, error.status == .interrupted { throw error }
      }
      throw CommandFailure(.interrupted, "interrupted", hint: hint)
    }
  }
}
