@testable import MPPCore

/// `WWW-Authenticate`: what is read and written again is the same challenge, and nobody else's challenge is ours.
enum ChallengeProperties {
  private static let mac = ChallengeMAC(secrets: FuzzSecret.ring)

  static func check(_ bytes: [UInt8]) throws {
    guard let list = try? ChallengeList(octets: bytes) else { return }
    let limits = ChallengeLimits.default
    try require(list.challenges.count <= limits.maximumChallenges, "more challenges than the limit")
    for error in list.diagnostics { _ = error.description }
    for challenge in list.challenges {
      try require(!mac.verify(challenge), "a foreign challenge passes the MAC")
      _ = try? challenge.opaqueMap()
      _ = try? challenge.checkExpiry(at: Timestamp(seconds: 1_800_000_000))
      try rewrites(challenge, try? challenge.serialized(), limits)
      try rewrites(challenge, try? challenge.serializedUnchecked(), limits)
    }
    if let first = list.challenges.first, list.diagnostics.isEmpty,
      let text = String(validating: bytes, as: UTF8.self)
    {
      try require(try Challenge(parsing: text) == first, "the first challenge differs from that of the list")
    }
  }

  private static func rewrites(_ challenge: Challenge, _ text: String?, _ limits: ChallengeLimits) throws {
    guard let text, text.utf8.count <= limits.maximumHeaderBytes else { return }
    let again = try Challenge.parse(header: text)
    try require(again.challenges.count == 1 && again.diagnostics.isEmpty, "one challenge became several")
    try require(again.challenges[0] == challenge, "parse ∘ serialize changes a challenge")
  }
}

enum FuzzSecret {
  static let ring: SecretRing = {
    do {
      return try SecretRing([Secret("a secret of the fuzzer, of no other use")])
    } catch { preconditionFailure("the secret of the fuzzer: \(error)") }
  }()
}
