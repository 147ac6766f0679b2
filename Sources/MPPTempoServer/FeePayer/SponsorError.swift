import Logging
import MPPCore
import MPPServer
import TempoRPC

/// Why a sponsor has sent nothing.
enum SponsorError: Error {
  case refused(SponsorRefusal)
  case budget(SponsorBudget.Refusal)
  /// A dry run failed, or the chain could not be asked.
  case chain(ChainError)
  /// The hosted fee payer has not signed, or has answered something else.
  case host(FeePayerHostError)

  /// What the payer is told. The host's own words are for the log only.
  /// - Parameter what: the transaction that was run dry.
  func problem(_ what: String) -> PaymentProblem {
    switch self {
    case .refused(let refusal): .verificationFailed(reason: "\(refusal)")
    case .budget(.tooExpensive), .budget(.payerSpent):
      .verificationFailed(reason: "\(SponsorRefusal(.budget))")
    case .budget(.full), .budget(.payerFull), .budget(.ownershipLost):
      .unavailable(reason: "the sponsor has as much under way as it may", retryAfter: 2)
    case .chain(let error): error.problem(what)
    case .host(let error):
      error.isRetryable
        ? .unavailable(reason: "the sponsor cannot be reached", retryAfter: 2)
        : .verificationFailed(reason: "the hosted fee payer failed to sponsor the transaction")
    }
  }

  /// As ``problem(_:)``, and tells the operator why.
  /// - Parameter action: what was not sponsored, with its article.
  func problem(_ what: String, _ action: String, _ logger: Logger) -> PaymentProblem {
    logger.info("\(action) was not sponsored", metadata: ["mpp.code": "\(code)"])
    return problem(what)
  }

  private var code: String {
    switch self {
    case .refused(let refusal): refusal.reason.rawValue
    case .budget(let refusal): "budget: \(refusal)"
    case .chain(let error): error.description
    case .host(let error): error.description
    }
  }
}
