import Logging
import MPPCore
public import ServiceLifecycle

extension PaymentServer: Service {
  /// Starts the methods and does their background work, which begins with what the last run left open, until the service
  /// group shuts down; then everything queued is made durable and the ledger is closed.
  ///
  /// - Throws: what a method throws when it starts or works; the ledger is closed then too.
  public func run() async throws {
    do {
      try await runMethods()
    } catch {
      await shutdown()
      throw error
    }
    await shutdown()
  }

  /// Each method works as soon as its own start is over: one that waits for its chain delays no deadline of another.
  private func runMethods() async throws {
    try await cancelWhenGracefulShutdown {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await self.reaper.run() }
        for method in self.registry.all {
          group.addTask {
            try await method.start()
            try await method.run()
          }
        }
        do {
          // The first that fails ends the others: `waitForAll` would wait for them.
          while try await group.next() != nil {}
        } catch is CancellationError {
          group.cancelAll()
        }
      }
    }
  }

  /// Releases what nobody reported on, lets the methods finish, and closes the ledger. Idempotent. Call it
  /// only when no request is running any more; `run()` does it by itself.
  public func shutdown() async {
    await reaper.drain()
    reaper.finish()
    for method in registry.all { await method.shutdown() }
    events.finish()
    do {
      try await ledger.close()
    } catch {
      logger.error("the ledger could not be closed", metadata: Redaction.metadata(error: error))
    }
  }
}
