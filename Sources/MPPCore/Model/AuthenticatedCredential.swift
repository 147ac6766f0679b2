/// A credential whose challenge is one of ours, unchanged. Only `ChallengeMAC.authenticate` makes one.
///
/// The challenge is trustworthy except for its description; payload and source are still the payer's claims.
public struct AuthenticatedCredential: Sendable {
  public let credential: Credential

  public var challenge: Challenge { credential.challenge }
  public var payload: JSONValue { credential.payload }
  public var source: UnverifiedSource? { credential.source }

  package var rawPayload: RawJSON? { credential.rawPayload }

  package init(_ credential: Credential) {
    self.credential = credential
  }
}
