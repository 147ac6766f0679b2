/// Waits. Injected, so that tests of retries, polling and time limits never wait.
public protocol Sleeper: Sendable {
  /// - Throws: `CancellationError` when the task is cancelled meanwhile.
  func sleep(milliseconds: Int64) async throws
}

/// The real one.
public struct TaskSleeper: Sleeper {
  /// Waits as `Task.sleep` does.
  public init() {}

  /// - Parameter milliseconds: less than zero counts as zero.
  /// - Throws: `CancellationError` when the task is cancelled, before or meanwhile.
  public func sleep(milliseconds: Int64) async throws {
    try await Task.sleep(for: .milliseconds(max(0, milliseconds)))
  }
}
