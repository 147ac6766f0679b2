/// Work that SIGINT and SIGTERM cancel: it is given the time to put everything in order, then the command
/// ends.
enum Interruptible {
  /// - Throws: `CommandFailure` with `interrupted`, or what `body` throws.
  /// - Parameter hint: what to do next after an interruption.
  static func run<T: Sendable>(
    hint: String? = "what was signed is in the journal: `mpp sessions list`",
    _ body: @escaping @Sendable () async throws -> T
  ) async throws -> T {
    let signals = await TerminationSignals()
    return try await withThrowingTaskGroup(of: T?.self) { group in
      group.addTask { try await body() }
      group.addTask {
        await signals.wait()
        return nil
      }
      defer { group.cancelAll() }
      if let first = try await group.next(), let value = first { return value }
      group.cancelAll()
      // What the work says about its end does not matter any more, only that it has come to one.
      do { while try await group.next() != nil {} } catch {}
      throw CommandFailure(.interrupted, "interrupted", hint: hint)
    }
  }
}
