/// Reads credentials and authenticates their challenges: `Credential.find` and `ChallengeMAC.authenticate`, with a memory for challenges
/// that come again.
package struct CredentialAuthenticator: Sendable {
  private let mac: ChallengeMAC
  private let known = KnownChallenges()

  package init(mac: ChallengeMAC) { self.mac = mac }

  /// A well-formed credential, and what is known of its challenge.
  package struct Found: Sendable {
    package let credential: Credential
    fileprivate let origin: Origin
  }

  fileprivate enum Origin {
    /// The challenge was authenticated before.
    case known
    /// Where the challenge ends in the text; nil when it does not come first.
    case new(challengeEnd: Int?)
  }

  /// As `Credential.find(inAuthorization:maximumTokenCharacters:)`.
  package func find(
    inAuthorization header: String, maximumTokenCharacters: Int
  ) throws(CredentialError) -> Found? {
    try Credential.withBytes(of: header) { bytes throws(CredentialError) in
      // A token that decodes holds no comma, so that there is nothing else in the value.
      if let found = try? read(Credential.token(in: bytes, 0..<bytes.count, maximumTokenCharacters)) {
        return found
      }
      guard let range = try Credential.payment(in: bytes) else { return nil }
      return try read(Credential.token(in: bytes, range, maximumTokenCharacters))
    }
  }

  /// As `ChallengeMAC.authenticate(_:)`. `header` is the one the credential was found in.
  package func authenticate(_ found: Found, header: String) throws(PaymentProblem) -> AuthenticatedCredential
  {
    guard case .new(let end) = found.origin else { return AuthenticatedCredential(found.credential) }
    let authenticated = try mac.authenticate(found.credential)
    if let end { remember(authenticated.challenge, header, end) }
    return authenticated
  }

  private func read(_ token: UnsafeBufferPointer<UInt8>) throws(CredentialError) -> Found {
    if let credential = readKnown(token) { return Found(credential: credential, origin: .known) }
    let (credential, end) = try Credential.read(token)
    return Found(credential: credential, origin: .new(challengeEnd: end))
  }

  /// Nil also for what is wrong behind the challenge: whoever reads it all says what it is.
  private func readKnown(_ token: UnsafeBufferPointer<UInt8>) -> Credential? {
    guard let challenge = known.find(token), token.count <= CredentialReader.limits.maximumBytes,
      case .success(let rest) = Base64Codec.decode(
        buffer: UnsafeBufferPointer(rebasing: token[challenge.prefix.count...]), after: challenge.tail),
      var reader = try? CredentialReader(rest, after: challenge.challenge)
    else { return nil }
    return try? reader.read()
  }

  private func remember(_ challenge: Challenge, _ header: String, _ end: Int) {
    _ = try? Credential.withBytes(of: header) { bytes throws(CredentialError) in
      // A credential among other schemes is rare; it is authenticated each time.
      guard let token = try? Credential.token(in: bytes, 0..<bytes.count, bytes.count) else { return }
      known.remember(challenge, token: token, end: end)
    }
  }
}
