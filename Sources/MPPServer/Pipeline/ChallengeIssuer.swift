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
    let expires = now.adding(seconds: lifetimeSeconds)
    let subMillisecond = hasEntropy ? digits() : nil
    guard request != nil || digest != nil else {
      let (id, header) = template.challenge.issue(expires: expires, subMillisecond: subMillisecond)
      return IssuedChallenge(id: id, headerValue: header)
    }
    var parameters = template.parameters
    parameters.expires = subMillisecond.map { expires.rfc3339(subMillisecond: $0) } ?? expires.rfc3339
    parameters.digest = digest
    if let request { parameters.request = request }
    let challenge = try mac.issue(parameters)
    return IssuedChallenge(id: challenge.id, headerValue: try challenge.serialized())
  }

  private func digits() -> UInt32 { random.fill(4).reduce(0) { $0 << 8 | UInt32($1) } }
}
