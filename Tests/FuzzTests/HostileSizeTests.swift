import Testing

@testable import MPPCore

/// What a peer can make us keep.
@Suite struct HostileSizeTests {
  /// A challenge id covers neither the description nor members nobody knows: padded with them, one challenge of ours
  /// makes a token as long as the limit, and different ones would fill the memory.
  @Test func aPaddedChallengeIsNotRemembered() throws {
    let mac = ChallengeMAC(secrets: try SecretRing([Secret("a secret of the size tests 0123456789")]))
    let issued = try mac.issue(
      ChallengeParameters(
        realm: "api", method: "tempo", intent: "session",
        request: try RawRequest(["unitType": .string(String(repeating: "u", count: 300))]),
        expires: "2030-01-01T00:00:00Z"))
    for (padding, isKept) in [(0, true), (1000, true), (5000, false), (40_000, false)] {
      var parameters = issued.parameters
      parameters.description = String(repeating: "d", count: padding)
      let padded = Challenge(id: issued.id, parameters: parameters)
      #expect(mac.verify(padded))
      let text = Credential(challenge: padded, payload: .null).jsonValue.serializedBytes()
      let token = Array(Base64URL.encode(text).utf8)
      let known = token.withUnsafeBufferPointer {
        KnownChallenge(
          token: $0, end: text.count - ",\"payload\":null}".utf8.count, challenge: padded, seed: 1)
      }
      #expect((known != nil) == isKept, "\(padding)")
      #expect((known?.prefix.count ?? 0) <= KnownChallenges.longestPrefix)
    }
  }
}
