import Logging
import MPPCore
import MPPServer
import TempoRPC

extension ChargeService {
  /// Most intents looked at in one sweep.
  private static let page = 256

  /// Asks the chain about payments whose answer was lost. It only looks: bytes of a payer whose request is over are not sent behind
  /// its back. What has landed waits for its credential to come again; what is dead frees its sponsor.
  func sweep() async {
    do {
      for intent in try await intents.pending(.charges, limit: Self.page) { await reconcile(intent) }
      // Ended ones leave the ledger after their time, some at each sweep.
      let bound = clock.now.adding(milliseconds: -options.intentRetention)
      try await intents.purge(.charges, createdBefore: bound, limit: Self.page)
    } catch {
      // Cut off by the end of the server.
      guard !Task.isCancelled else { return }
      logger.warning("a sweep of charges was not finished", metadata: ["mpp.code": "\(error)"])
    }
  }

  private func reconcile(_ listed: ChainIntent) async {
    do {
      try await exclusively(listed.identity.subject) {
        guard let intent = try await intents.current(listed) else { return }
        let result = try await broadcaster.resume(intent, maySend: false, deadlineMilliseconds: 0)
        guard !result.isUndecided else { return }
        // One false answer must not make a payment void for good: the next sweep looks again.
        if case .reverted = result.outcome, try await client.receipt(intent.hash)?.succeeded != false {
          return
        }
        await feePayer?.ended(intent.identity.subject)
        if result.error != nil { await void(intent.hash) }
        try await broadcaster.confirm(result)
      }
    } catch {
      logger.debug("a charge is not decided yet", metadata: ["mpp.code": "\(error)"])
    }
  }

  /// Sweeps until the task is cancelled.
  func run() async {
    while !Task.isCancelled {
      await sweep()
      do {
        try await options.sleeper.sleep(milliseconds: options.sweepInterval)
      } catch { return }
    }
  }
}
