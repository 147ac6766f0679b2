/// A credential whose challenge is one of ours, unchanged. Only `ChallengeMAC.authenticate` makes one.
///
/// The challenge is trustworthy except for its description; payload and source are still the payer's claims.
public struct AuthenticatedCredential: Sendable {
  /// The credential, with the challenge as it was issued.
  public let credential: Credential

  /// Ours, except for its description.
  public var challenge: Challenge { credential.challenge }
  /// A claim of the payer; the method has to verify it. Made at each call.
  public var payload: JSONValue { credential.payload }
  /// A claim of the payer; nil when it claims nothing.
  public var source: UnverifiedSource? { credential.source }

  package var rawPayload: RawJSON? { credential.rawPayload }

  package init(_ credential: Credential) {
    self.credential = credential
  }
}
