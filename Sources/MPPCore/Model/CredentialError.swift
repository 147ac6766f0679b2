/// Why an `Authorization` value holds no credential.
public enum CredentialError: Error, Hashable, Sendable {
  /// Not the Payment scheme, or no token after it.
  case missingScheme
  /// Longer than the limit; nothing was decoded.
  case tooLarge
  /// Not base64, not JSON, or not the shape of a credential.
  case invalidEncoding
  /// More than one Payment credential in a request: nothing is executed (DESIGN §4).
  case multipleCredentials

  /// What the server answers.
  public var problem: PaymentProblem {
    switch self {
    case .multipleCredentials: .badRequest(reason: "more than one Payment credential")
    case .missingScheme, .tooLarge, .invalidEncoding:
      .malformedCredential(reason: "Invalid base64url or JSON")
    }
  }
}
