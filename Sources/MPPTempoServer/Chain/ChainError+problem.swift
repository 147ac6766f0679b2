import MPPCore
import MPPServer
import TempoRPC

extension ChainError {
  /// What a payer is told when the chain refuses, or could not be asked, before anything was claimed or sent.
  /// - Parameter what: what the chain was asked about.
  func problem(_ what: String) -> PaymentProblem {
    isRetryable || code == .cancelled || code == .invalidAnswer
      ? .unavailable(reason: "the chain cannot be reached for \(what)", retryAfter: 1)
      : .verificationFailed(reason: "\(what) was refused by the chain")
  }
}
