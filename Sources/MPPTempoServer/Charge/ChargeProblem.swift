import MPPCore
import MPPServer
import MPPTempo

/// The refusals of `06` §1.9, §1.17.
enum ChargeProblem {
  static let zeroNeedsProof = failed("Zero-amount challenges require a proof credential")
  static let proofNeedsZero = failed("Proof credentials are only valid for zero-amount challenges")
  static let proofWithoutSource = failed("Proof credential must include a source")
  static let proofSource = failed("Proof credential source is invalid")
  static let proofSignature = failed("Proof signature does not match source")
  static let proofUsed = failed("Proof credential has already been used")
  static let hashSource = failed("Hash credential source is invalid")
  static let hashMode = failed("Hash credentials are not supported for this challenge")
  static let transactionMode = failed("Transaction credentials are not supported for this challenge")
  static let transactionType = failed("Only Tempo (0x76/0x78) transactions are supported")
  static let unsigned = failed("Transaction must be signed by the sender before fee payer co-signing")
  static let source = failed("Credential source is not the sender of the transaction")
  static let noPaymentCall = failed("Invalid transaction: no matching payment call found")
  static let memoNotBound = failed("memo is not bound to this challenge")
  static let alreadyUsed = failed("Transaction hash has already been used")
  static let payer = failed("This account may not pay here")
  static let notSponsored = failed("Invalid transaction: the fee of this charge is not sponsored")

  static func failed(_ reason: String) -> PaymentProblem { .verificationFailed(reason: reason) }

  /// The answer is not known: the same credential settles it, and a second payment must not be made.
  static let unresolved = PaymentProblem.unavailable(
    reason: "the payment is not confirmed yet; present the same credential again", retryAfter: 1
  ).adding(code: "unresolved")

  /// Another request with the same payment is being answered.
  static let inProgress = PaymentProblem.unavailable(
    reason: "another request with this payment is being answered", retryAfter: 1
  ).adding(code: "in-progress")

  static func transition(_ error: ChargeTransitionError) -> PaymentProblem {
    switch error {
    case .inProgress: inProgress
    case .alreadyUsed: alreadyUsed
    case .void: failed("The transaction did not pay")
    case .notAllowed: failed("the payment's record refuses this")
    }
  }
}

extension PaymentProblem {
  /// A stable word for programs.
  fileprivate func adding(code: String) -> PaymentProblem {
    var problem = self
    problem.details.append(.init(key: "code", value: .string(code)))
    return problem
  }
}
