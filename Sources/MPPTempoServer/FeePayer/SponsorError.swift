import MPPCore
import MPPServer
import TempoRPC

/// Why a sponsor has sent nothing.
enum SponsorError: Error {
  case refused(SponsorRefusal)
  case budget(SponsorBudget.Refusal)
  /// A dry run failed, or the chain could not be asked.
  case chain(ChainError)

  /// What the payer is told.
  /// - Parameter what: the transaction that was run dry.
  func problem(_ what: String) -> PaymentProblem {
    switch self {
    case .refused(let refusal): .verificationFailed(reason: "\(refusal)")
    case .budget(.tooExpensive): .verificationFailed(reason: "\(SponsorRefusal(.budget))")
    case .budget(.full), .budget(.payerFull), .budget(.ownershipLost):
      .unavailable(reason: "the sponsor has as much under way as it may", retryAfter: 2)
    case .chain(let error): ChargeProblem.chain(error, what)
    }
  }
}
