extension Sleeper {
  /// Runs `operation` for `milliseconds` at most; it is cancelled then, and waited for until it has noticed.
  /// - Throws: `error` at the end of the time, `CancellationError` when the task is cancelled, or what the operation throws.
  package func within<T: Sendable>(
    milliseconds: Int64, orThrow error: any Error, _ operation: @escaping @Sendable () async throws -> T
  ) async throws -> T {
    let result = try await withThrowingTaskGroup(of: T?.self) { group in
      defer { group.cancelAll() }
      group.addTask { try await operation() }
      group.addTask {
        try await sleep(milliseconds: milliseconds)
        return nil
      }
      return try await group.next() ?? nil
    }
    // What is cancelled may look complete.
    try Task.checkCancellation()
    guard let result else { throw error }
    return result
  }
}
