public import MPPCore

/// Why a session payload is refused before anything is verified (`04` §7.2).
public enum SessionPayloadError: Error, Sendable, Hashable {
  /// Stage A, the generic schema. The problem document gives no reason.
  case schema
  /// Stage B; the reason is the reference's text.
  case invalid(reason: String)

  /// What is answered: `invalid-payload` for stage A, `verification-failed` with the reason for stage B.
  public var problem: PaymentProblem {
    switch self {
    case .schema: .invalidPayload()
    case .invalid(let reason): .verificationFailed(reason: reason)
    }
  }
}
