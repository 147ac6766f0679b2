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
    let receipt = try await pushedReceipt(hash)
    let payer = stated ?? receipt.from
    try call.checkPaid(receipt, by: payer)
    try await checkInclusion(receipt, call)
    try await checkPayer(payer, .push)
    return .push(hash, payer: payer)
  }

  /// The receipt of a payment that the node may not know yet (U3).
  private func pushedReceipt(_ hash: Hash32) async throws -> TransactionReceipt {
    do {
      return try await chain.waitForReceipt(hash, deadlineMilliseconds: pushDeadline)
    } catch {
      if error.code == .timeout { throw ChargeProblem.failed("The transaction was not found") }
      throw ChargeProblem.chain(error, "the receipt of the payment")
    }
  }

  /// The block is the chain's own, and not older than the challenge could be: without a bound memo only the time tells an old
  /// payment from a new one.
  private func checkInclusion(_ receipt: TransactionReceipt, _ call: ChargeCall) async throws {
    let number = receipt.blockNumber
    let found: ChainBlock?
    do {
      found = try await chain.readBack { () async throws(ChainError) in
        guard let block = try await self.chain.block(number) else {
          throw ChainError(.unavailable, "the node does not have the block yet")
        }
        return block
      }
    } catch {
      throw ChargeProblem.chain(error, "the block of the payment")
    }
    guard let block = found, block.hash == receipt.blockHash else {
      throw ChargeProblem.failed("The transaction is not in the chain")
    }
    guard call.terms.hasExplicitMemo else { return }
    let earliest = call.expires.adding(seconds: -call.lifetime).adding(seconds: -Self.clockSkew)
    guard Int64(clamping: block.timestamp) >= earliest.seconds else {
      throw ChargeProblem.failed("The transaction is older than the challenge")
    }
  }

  /// Seconds the chain's clock may be behind ours.
  private static let clockSkew: Int64 = 60
}
