import HTTPTypes
import MPPCore
import MarketplaceSupport
import Testing

/// What a thief without the secret can make, and what they must not get.
enum Forgery {
  /// The same challenge sealed with another secret.
  static func resealed(_ challenge: Challenge) throws -> Challenge {
    let mac = ChallengeMAC(secrets: try SecretRing([Secret("a secret that only the thief knows, 32 b")]))
    return try mac.issue(challenge.parameters)
  }

  /// The snapshot in the fresh challenge of an answer, if there is one.
  static func snapshot(_ answer: RawResponse) throws -> JSONValue? {
    let header = try #require(answer.headers[.wwwAuthenticate])
    let challenges = try Challenge.parse(header: header).challenges
    let challenge = try #require(challenges.first)
    return challenge.request.value()["methodDetails"]?["sessionSnapshot"]
  }
}
