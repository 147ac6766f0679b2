import EVM
import Logging
import MPPCore
import MPPServer
import MPPTempo
import Tempo
import TempoRPC

// Sending what clients have signed to open and to top up, and paying the fee of it where the offer says so.
extension ChannelService {
  /// Goes on with a transaction that is in the journal, or sends a new one.
  ///
  /// - Parameter context: what a restart needs to finish the action.
  func send(
    _ transaction: ManagementTransaction, _ standing: TempoSessionValidator.Standing,
    _ label: ManagementTransaction.Label, _ identity: ChainIntent.Identity, context: [UInt8],
    probe: Broadcaster.EffectProbe? = nil
  ) async throws -> BroadcastResult {
    if let stored = try await intents.load(identity), stored.isUnderWayOrConfirmed {
      let result = try await clientBroadcaster.resume(stored, probe: probe)
      await ended(result, transaction.identity)
      return result
    }
    let sponsorable: SponsorableTransaction
    switch standing {
    case .sponsorable(let transaction): sponsorable = transaction
    case .onRecord: throw SessionProblem.transaction(.pending, label.rawValue)
    case .unsent, .onChain:
      var isOnChain = false
      if case .onChain = standing { isOnChain = true }
      return try await clientBroadcaster.submit(
        try intent(transaction.signed, label, identity, context), mayBeKnown: isOnChain, probe: probe)
    }
    return try await sponsor(sponsorable, label, probe) { signed in
      try intent(signed, label, identity, context)
    }
  }

  /// The chain has decided: the fee is paid, or never will be.
  func ended(_ result: BroadcastResult, _ identity: Hash32) async {
    if !result.isUndecided { await feePayer?.ended(identity) }
  }

  /// Sends what the policy has let through, at our expense (`04` §18.6).
  private func sponsor(
    _ transaction: SponsorableTransaction, _ label: ManagementTransaction.Label,
    _ probe: Broadcaster.EffectProbe?, prepare: (SignedTempoTransaction) async throws -> ChainIntent
  ) async throws -> BroadcastResult {
    guard let feePayer else { throw SessionProblem.notSponsored }
    do {
      return try await feePayer.send(
        transaction, through: clientBroadcaster, probe: probe, prepare: prepare)
    } catch let error as SponsorError {
      throw error.problem("the simulated \(label.rawValue) transaction", "the \(label.rawValue)", logger)
    }
  }

  private func intent(
    _ signed: SignedTempoTransaction, _ label: ManagementTransaction.Label,
    _ identity: ChainIntent.Identity, _ context: [UInt8]
  ) throws(PaymentProblem) -> ChainIntent {
    guard signed.serialized.count <= ChainIntent.maximumLength else {
      throw SessionProblem.failed("TIP-1034 \(label.rawValue) transaction is too large")
    }
    return ChainIntent(
      identity: identity, raw: signed.serialized, hash: signed.hash,
      validBefore: signed.transaction.validBefore, createdAt: clock.now, context: context)
  }
}

extension ChainIntent {
  /// Identities of opens and top-ups name what the payer signed: an intent that is under way, or is done, is the same action
  /// whoever sponsors it.
  var isUnderWayOrConfirmed: Bool {
    if case .confirmed = state { return true }
    return !state.isFinal
  }
}
