import MPPCore

/// Makes fresh challenges. Nothing is stored: the id proves that we issued it (`01` §4, D14).
struct ChallengeIssuer: Sendable {
  let mac: ChallengeMAC
  let random: any RandomSource
  /// Six random digits below the millisecond of `expires` (`01` §4.5).
  let hasEntropy: Bool

  /// A challenge from the template, with the digest of the body when the route binds it. `request` replaces
  /// the template's request when hints were added.
  func issue(
    _ template: OfferTemplate, at now: Timestamp, lifetimeSeconds: Int64, request: RawRequest? = nil,
    digest: String? = nil
  ) throws(ChallengeError) -> IssuedChallenge {
    let expires = expires(at: now.adding(seconds: lifetimeSeconds))
    guard request != nil || digest != nil else {
      let (challenge, header) = try template.challenge.issue(expires: expires)
      return IssuedChallenge(id: challenge.id, headerValue: header)
    }
    var parameters = template.parameters
    parameters.expires = expires
    parameters.digest = digest
    if let request { parameters.request = request }
    let challenge = try mac.issue(parameters)
    return IssuedChallenge(id: challenge.id, headerValue: try challenge.serialized())
  }

  func expires(at instant: Timestamp) -> String {
    let text = instant.rfc3339
    guard hasEntropy else { return text }
    let value = random.fill(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) } % 1_000_000
    let digits = String(value)
    return text.dropLast() + String(repeating: "0", count: 6 - digits.utf8.count) + digits + "Z"
  }
}
