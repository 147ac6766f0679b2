import EVM
import MPPCore
import MPPServer
import MPPTempo
import TempoRPC

// What a payment and its record have to say for this call. Pure.
extension ChargeCall {
  /// A payment is for the challenge, the payer and the request it was first presented with.
  func check(_ record: ChargeRecord, _ payer: Address) throws(PaymentProblem) {
    guard record.challengeID.utf8.elementsEqual(challengeID.utf8), record.payer == payer,
      record.request == request
    else { throw ChargeProblem.alreadyUsed }
  }

  /// The logs of a mined transaction pay what was asked (`06` §1.9); status and the exact logs, never one of them alone.
  func checkPaid(_ receipt: TransactionReceipt, by sender: Address) throws(PaymentProblem) {
    do throws(TransferMatcher.Mismatch) {
      _ = try matcher.match(TokenMovement.list(of: receipt.logs), sender: sender)
    } catch {
      switch error {
      case .notBound: throw ChargeProblem.memoNotBound
      case .missing, .extraMovements: throw noTransfer
      }
    }
    guard receipt.succeeded else {
      throw ChargeProblem.failed("Transaction reverted: \(receipt.transactionHash.hex)")
    }
  }

  /// With the terms, as the reference writes them.
  private var noTransfer: PaymentProblem {
    .verificationFailed(
      reason: "no matching transfer found",
      details: [
        .init(key: "amount", value: .string(terms.amount.description)),
        .init(key: "currency", value: .string(terms.request.currency)),
        .init(key: "recipient", value: .string(terms.request.recipient ?? "")),
      ])
  }
}
