import EVM
import Logging
import MPPCore
import MPPServer
import MPPTempo
import Tempo
import TempoRPC

extension TempoChargeValidator {
  /// A signed transaction for the server to broadcast (`06` §1.9, T1 to B9).
  ///
  /// Its identity is what the sender signed, whoever sponsors it and however its signature is spelt: presented twice, it is one
  /// payment.
  func pull(_ bytes: [UInt8], _ call: ChargeCall) async throws -> Payment {
    guard call.terms.amount > .zero else { throw ChargeProblem.zeroNeedsProof }
    let transaction = try ChargeTransaction(parsing: bytes, call)
    if let stated = call.source {
      guard let account = AccountSource(strict: stated), account.chainID == call.terms.chainID,
        account.address == transaction.sender
      else { throw ChargeProblem.source }
    }
    try await checkPayer(transaction.sender, .pull)
    if try await isOnRecord(transaction, call) { return .pull(transaction, .onRecord) }
    do {
      return .pull(transaction, try await standing(transaction, call))
    } catch {
      // Another presentation may have sent it meanwhile: the chain refuses what it has included.
      guard try await isOnRecord(transaction, call) else { throw error }
      return .pull(transaction, .onRecord)
    }
  }

  private func isOnRecord(_ transaction: ChargeTransaction, _ call: ChargeCall) async throws -> Bool {
    if let intent = try await intents.load(IntentRecord.key(.init(.charge, transaction.identity)))?.intent {
      _ = try await isRedeemable(intent.hash, call)
      return true
    }
    guard transaction.signed.isFinal else { return false }
    return try await isRedeemable(transaction.signed.hash, call)
  }

  /// What was never seen: whether the chain would include it, or has.
  private func standing(_ transaction: ChargeTransaction, _ call: ChargeCall) async throws -> Standing {
    guard transaction.signed.isFinal else { return .sponsorable(try await sponsorable(transaction, call)) }
    try transaction.checkAlive(call.now)
    do {
      try await dryRuns.simulate(transaction.signed.transaction, from: transaction.signer)
      return .unsent
    } catch {
      // The chain refuses a second time what it has included already: the payer may have sent it.
      guard error.code == .reverted || error.code == .rejected,
        try await isIncluded(transaction.signed.hash)
      else { throw error.problem("the simulated payment") }
      return .onChain
    }
  }

  /// A transaction whose fee we would pay.
  private func sponsorable(
    _ transaction: ChargeTransaction, _ call: ChargeCall
  ) async throws -> SponsorableTransaction {
    guard let sponsor, call.terms.isSponsored else { throw ChargeProblem.notSponsored }
    do {
      return try await sponsor.check(transaction.signed, now: call.now, challengeExpires: call.expires)
    } catch {
      throw error.problem("the simulated payment", "a charge", logger)
    }
  }

  private func isIncluded(_ hash: Hash32) async throws -> Bool {
    do { return try await chain.receipt(hash)?.succeeded ?? false } catch { throw ChargeProblem.unresolved }
  }

  // MARK: After the challenge has expired

  /// Whether the payment of an expired challenge is on record, or may be under way: it was presented in time, so it is answered
  /// to the end. A look into the ledger only.
  func isPaid(_ payload: ChargePayload, _ call: ChargeCall) async -> Bool {
    do {
      switch payload {
      case .proof: return false
      case .hash(let hash):
        if try await isUnderWayOrPaid(hash, call) { return true }
        return try await ledger.isClaimed(PushPresentation(hash, call).key, now: call.now)
      case .transaction(let bytes):
        let transaction = try ChargeTransaction(parsing: bytes, call)
        let intent = try await intents.load(IntentRecord.key(.init(.charge, transaction.identity)))?.intent
        return try await isUnderWayOrPaid(intent?.hash ?? transaction.signed.hash, call)
      }
    } catch {
      return false
    }
  }

  private func isUnderWayOrPaid(_ hash: Hash32, _ call: ChargeCall) async throws -> Bool {
    guard let record = try await records.load(ChargeRecord.key(hash)) else { return false }
    try call.check(record, record.payer)
    switch record.phase {
    case .broadcasting, .settled, .delivering: return true
    case .delivered, .void: return false
    }
  }
}
