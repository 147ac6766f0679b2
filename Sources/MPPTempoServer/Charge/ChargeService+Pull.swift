import EVM
import Logging
import MPPCore
import MPPServer
import MPPTempo
import Tempo
import TempoRPC

extension ChargeService {
  /// An answer that was lost is looked for by hash before anything is sent again.
  func pull(
    _ transaction: ChargeTransaction, _ standing: TempoChargeValidator.Standing, _ call: ChargeCall
  ) async throws -> Verification {
    try await exclusively(transaction.identity) {
      if let intent = try await intents.load(.init(.charge, transaction.identity)) {
        return try await resume(intent, transaction, call)
      }
      if transaction.signed.isFinal, let redeemed = try await redeem(transaction.signed.hash, call) {
        return redeemed
      }
      switch standing {
      case .onRecord: throw ChargeProblem.unresolved
      case .unsent: return try await send(transaction, isKnown: false, call)
      case .onChain: return try await send(transaction, isKnown: true, call)
      case .sponsorable(let sponsorable): return try await sponsor(sponsorable, transaction, call)
      }
    }
  }

  /// Goes on with a payment whose first presentation was not answered.
  private func resume(
    _ intent: ChainIntent, _ transaction: ChargeTransaction, _ call: ChargeCall
  ) async throws -> Verification {
    if let redeemed = try await redeem(intent.hash, call) { return redeemed }
    let result = try await decided { try await broadcaster.resume(intent) }
    await feePayer?.ended(transaction.identity, of: transaction.sender, result)
    return try await finish(result, transaction, call)
  }

  /// A transaction whose fee its sender pays.
  private func send(
    _ transaction: ChargeTransaction, isKnown: Bool, _ call: ChargeCall
  ) async throws -> Verification {
    let intent = try intent(transaction.signed, transaction)
    try await claim(transaction.signed.hash, transaction, call)
    let result = try await decided { try await broadcaster.submit(intent, mayBeKnown: isKnown) }
    return try await finish(result, transaction, call)
  }

  /// A transaction whose fee we pay.
  private func sponsor(
    _ sponsorable: SponsorableTransaction, _ transaction: ChargeTransaction, _ call: ChargeCall
  ) async throws -> Verification {
    guard let feePayer else { throw ChargeProblem.notSponsored }
    let result: BroadcastResult
    do {
      result = try await decided {
        try await feePayer.send(sponsorable, through: broadcaster) { signed in
          let intent = try intent(signed, transaction)
          try await claim(signed.hash, transaction, call)
          return intent
        }
      }
    } catch let error as SponsorError {
      throw error.problem("the simulated payment", "a charge", logger)
    }
    return try await finish(result, transaction, call)
  }

  /// Bytes may leave here, or have left: what the chain cannot say now, the next presentation asks again.
  private func decided(_ body: () async throws -> BroadcastResult) async throws -> BroadcastResult {
    do { return try await body() } catch let error as ChainError {
      logger.info("a charge is not decided yet", metadata: ["mpp.code": "\(error.label)"])
      throw ChargeProblem.unresolved
    }
  }

  /// Takes the transaction for this challenge and request; the first presentation wins, on all nodes.
  private func claim(_ hash: Hash32, _ transaction: ChargeTransaction, _ call: ChargeCall) async throws {
    let fresh = ChargeRecord(
      transaction: hash, challengeID: call.challengeID, payer: transaction.sender, request: call.request,
      createdAt: call.now, validBefore: transaction.validBefore)
    _ = try await records.update(ChargeRecord.key(hash)) { stored in
      guard let stored else { return (fresh, ()) }
      // A claim that was never sent is ours again: only this lane sends it.
      try call.check(stored, transaction.sender)
      return (stored, ())
    }
  }

  private func intent(
    _ signed: SignedTempoTransaction, _ transaction: ChargeTransaction
  ) throws -> ChainIntent {
    guard signed.serialized.count <= ChainIntent.maximumLength else { throw ChargeProblem.noPaymentCall }
    return ChainIntent(
      identity: .init(.charge, transaction.identity), raw: signed.serialized, hash: signed.hash,
      validBefore: transaction.validBefore, createdAt: clock.now)
  }

  /// The chain has answered, or not yet.
  private func finish(
    _ result: BroadcastResult, _ transaction: ChargeTransaction, _ call: ChargeCall
  ) async throws -> Verification {
    let hash = result.intent.hash
    var outcome = result.outcome
    // Another server may have sent the same bytes a moment before: then they were refused because they are there.
    if case .rejected = outcome, let receipt = try await client.receipt(hash) {
      outcome = receipt.succeeded ? .included(receipt) : .reverted(receipt)
    }
    switch outcome {
    case .included(let receipt):
      guard receipt.transactionHash == hash else { throw ChargeProblem.unresolved }
      _ = try await ChainReader(client).inclusion(of: receipt)
      do throws(PaymentProblem) {
        try call.checkPaid(receipt, by: transaction.sender)
      } catch {
        try await checkUnpaid(hash, by: transaction.sender, call)
        await void(hash)
        await confirm(result)
        throw error
      }
      let verification = try await settleAndDeliver(
        hash, payer: transaction.sender, validBefore: transaction.validBefore, call)
      await confirm(result)
      return verification
    case .reverted:
      try await checkUnpaid(hash, by: transaction.sender, call)
      fallthrough
    case .rejected, .expired:
      await void(hash)
      throw ChargeProblem.failed("The transaction did not pay")
    case .effective, .unavailable, .pending:
      throw ChargeProblem.unresolved
    }
  }

  /// Looks once more: what is void stays so, and one false answer of a node must not decide it.
  private func checkUnpaid(_ hash: Hash32, by sender: Address, _ call: ChargeCall) async throws {
    guard let receipt = try await client.receipt(hash), receipt.transactionHash == hash else {
      throw ChargeProblem.unresolved
    }
    do { try call.checkPaid(receipt, by: sender) } catch { return }
    throw ChargeProblem.unresolved
  }

  /// What was paid is recorded: a journal that fails now must not refuse it.
  private func confirm(_ result: BroadcastResult) async {
    do { try await broadcaster.confirm(result) } catch {
      logger.warning("a charge stays in the journal for now", metadata: ["mpp.code": "\(error)"])
    }
  }

  func void(_ hash: Hash32) async {
    do {
      _ = try await records.update(ChargeRecord.key(hash)) { stored in
        guard let stored else { throw ChargeTransitionError.notAllowed }
        return (try stored.applying(.void), ())
      }
    } catch {
      logger.warning("a dead payment was not recorded", metadata: ["mpp.code": "\(error)"])
    }
  }
}
