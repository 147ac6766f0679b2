import EVM
import MPPCore
import MPPServer
import MPPTempo
import Tempo
import TempoRPC

extension TempoChargeValidator {
  /// A payment the payer has broadcast (`06` §1.9, H1 to H7). Nothing is claimed before everything is checked, so that a wrong
  /// presentation never uses up somebody's payment.
  func push(_ hash: Hash32, _ call: ChargeCall) async throws -> Payment {
    guard call.terms.amount > .zero else { throw ChargeProblem.zeroNeedsProof }
    guard call.terms.accepts(.push), !call.terms.isSponsored,
      !call.terms.hasExplicitMemo || explicitMemoIsUnique
    else { throw ChargeProblem.hashMode }
    let stated = call.statedAccount
    guard stated != nil || (call.source == nil && allowsSourcelessHash) else {
      throw ChargeProblem.hashSource
    }
    if try await isRedeemable(hash, call) { return .push(hash, payer: nil) }
    var isKnown = false
    do {
      let receipt = try await pushedReceipt(hash, call)
      isKnown = true
      let payer = stated ?? receipt.from
      try call.checkPaid(receipt, by: payer)
      try await checkInclusion(receipt, call)
      try await checkPayer(payer, .push)
      return .push(hash, payer: payer)
    } catch let error as Undecided {
      throw PaymentRefusal(
        error.problem, evidence: PushPresentation(hash, call, isKnown: error.isKnown))
    } catch let error as ChainError {
      // Nobody has asked the node: that is nothing to remember.
      guard error.code != .overloaded, error.code != .cancelled else { throw ChargeProblem.unresolved }
      // The money may have moved: whatever the node says, it is no reason to ask for it again.
      throw PaymentRefusal(
        ChargeProblem.unresolved, evidence: PushPresentation(hash, call, isKnown: isKnown))
    }
  }

  /// What may be different at the next presentation.
  private struct Undecided: Error {
    let problem: PaymentProblem
    let isKnown: Bool
  }

  /// The receipt of a payment that the node may not know yet (U3). A node that knows nothing of the transaction to the end says so
  /// about most that were never sent; one that has it will have its receipt.
  private func pushedReceipt(_ hash: Hash32, _ call: ChargeCall) async throws -> TransactionReceipt {
    guard pushes.beginLook(call.challengeID) else { throw ChargeProblem.unresolved }
    defer { pushes.endLook(call.challengeID) }
    if let receipt = try await dryRuns.receipt(hash) { return receipt }
    guard pushes.beginWait() else { throw ChargeProblem.unresolved }
    defer { pushes.endWait() }
    if let receipt = try await dryRuns.lookForReceipt(hash, deadlineMilliseconds: pushDeadline) {
      return receipt
    }
    let isKnown = try await dryRuns.knows(hash)
    throw Undecided(
      problem: isKnown ? ChargeProblem.unresolved : ChargeProblem.failed("The transaction was not found"),
      isKnown: isKnown)
  }

  /// The block is the chain's own, and of the time of the challenge: without a bound memo only the time tells an old payment from a
  /// new one, and what is presented after the end must have been paid before it.
  private func checkInclusion(_ receipt: TransactionReceipt, _ call: ChargeCall) async throws {
    let mined = Int64(clamping: try await dryRuns.inclusion(of: receipt).timestamp)
    if call.now > call.end, mined > call.end.adding(seconds: Self.clockSkew).seconds {
      throw ChargeProblem.failed("The transaction is newer than the challenge")
    }
    guard call.terms.hasExplicitMemo else { return }
    let earliest = call.expires.adding(seconds: -call.lifetime).adding(seconds: -Self.clockSkew)
    guard mined >= earliest.seconds else {
      throw ChargeProblem.failed("The transaction is older than the challenge")
    }
  }

  /// Seconds the chain's clock may be behind ours.
  private static let clockSkew: Int64 = 60
}
