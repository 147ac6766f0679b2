import EVM
import MPPCore
import MPPTempo
import Tempo

/// The transaction of a `transaction` credential, decoded and checked without the chain (`06` §1.9, T1 to T6). Pure.
struct ChargeTransaction: Sendable {
  let signed: SignedTempoTransaction
  /// Recovered from the signature, never taken from an envelope.
  let signer: RecoveredSender
  let validBefore: UInt64
  /// What the sender signed, and who it is: the chain includes it once at most.
  let identity: Hash32

  var sender: Address { signer.account }

  /// Seconds a payment may be valid for: beyond it nobody could say in time that it never came.
  static let longestValidity: UInt64 = 900

  init(parsing bytes: [UInt8], _ call: ChargeCall) throws(PaymentProblem) {
    guard call.terms.accepts(.pull) else { throw ChargeProblem.transactionMode }
    guard let type = bytes.first, type == TempoTransaction.type || type == TempoTransaction.handOffType else {
      throw ChargeProblem.transactionType
    }
    do throws(TempoError) {
      signed = try SignedTempoTransaction(parsing: bytes)
      signer = try signed.recover()
    } catch {
      throw ChargeProblem.unsigned
    }
    let transaction = signed.transaction
    guard transaction.chainID == call.terms.chainID, transaction.nonceKey == ExpiringNonce.key,
      let validBefore = transaction.validBefore
    else { throw ChargeProblem.noPaymentCall }
    self.validBefore = validBefore
    identity = transaction.expiringNonceHash(sender: signer.account)
    let isSponsored = !signed.isFinal
    guard !isSponsored || call.terms.isSponsored else { throw ChargeProblem.notSponsored }
    try Self.checkCalls(transaction.calls, isSponsored: isSponsored, call)
  }

  /// The calls pay what was asked. Somebody else's fee pays for nothing beside it.
  private static func checkCalls(
    _ calls: [Call], isSponsored: Bool, _ call: ChargeCall
  ) throws(PaymentProblem) {
    do {
      let payment = try PaymentCalls(calls)
      if let swap = payment.swap {
        guard swap.tokenOut == call.terms.currency, swap.tokenIn != swap.tokenOut,
          !isSponsored || swap.amountOut == call.terms.amount.units
        else { throw ChargeProblem.noPaymentCall }
      }
      _ = try call.matcher.match(payment.transfers, sender: nil, exactCount: isSponsored)
    } catch TransferMatcher.Mismatch.notBound {
      throw ChargeProblem.memoNotBound
    } catch {
      throw ChargeProblem.noPaymentCall
    }
  }

  /// Refused when it is dead already, or valid for longer than anybody would wait.
  func checkAlive(_ now: Timestamp) throws(PaymentProblem) {
    let seconds = UInt64(clamping: now.seconds)
    guard validBefore > seconds else { throw ChargeProblem.failed("The transaction has expired") }
    let (limit, overflow) = seconds.addingReportingOverflow(Self.longestValidity)
    guard overflow || validBefore <= limit else {
      throw ChargeProblem.failed("The transaction is valid for too long")
    }
    if let after = signed.transaction.validAfter, after > seconds {
      throw ChargeProblem.failed("The transaction is not valid yet")
    }
  }
}
