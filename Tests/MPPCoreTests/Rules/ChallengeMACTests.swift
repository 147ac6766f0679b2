import MPPCore
import Testing

@Suite struct ChallengeMACTests {
  private let first = "0123456789abcdef0123456789abcdef"
  private let second = "fedcba9876543210fedcba9876543210"

  private func parameters(_ change: (inout ChallengeParameters) -> Void = { _ in }) throws
    -> ChallengeParameters
  {
    var parameters = ChallengeParameters(
      realm: "api.example.com", method: "tempo", intent: "charge",
      request: try RawRequest(["amount": "1000000"]),
      expires: "2025-01-06T12:00:00.000Z", digest: "sha-256=x", opaque: "e30")
    change(&parameters)
    return parameters
  }

  @Test func secretsBelow32BytesAreRefused() throws {
    #expect(throws: SecretError.tooShort) { try SecretRing([Secret(String(first.dropLast()))]) }
    #expect(throws: SecretError.tooShort) { try SecretRing([Secret(first), Secret("short")]) }
    #expect(throws: SecretError.noSecret) { try SecretRing([]) }
    #expect(throws: SecretError.tooMany) { try SecretRing(Array(repeating: Secret(first), count: 9)) }
    _ = try SecretRing([Secret(first)])
    // Bytes count, not characters.
    _ = try SecretRing([Secret("é\(first.dropLast(2))")])
  }

  @Test func placeholdersAreRefused() {
    for text in [
      String(repeating: "a", count: 64), "change-me-change-me-change-me-change-me",
      "PLACEHOLDER-0123456789-0123456789",
      "your_secret_key_your_secret_key_0123",
    ] {
      #expect(throws: SecretError.placeholder, "\(text)") { try SecretRing([Secret(text)]) }
    }
  }

  @Test func secretsAreNeverPrinted() {
    let secret = Secret(first)
    var dumped = ""
    dump(secret, to: &dumped)
    for text in ["\(secret)", String(reflecting: secret), dumped, "\([secret])"] {
      #expect(!text.contains("0123"))
    }
  }

  @Test func rotationSignsWithTheFirstAndVerifiesWithAny() throws {
    let old = ChallengeMAC(secrets: try SecretRing([Secret(first)]))
    let new = ChallengeMAC(secrets: try SecretRing([Secret(second)]))
    let rotated = ChallengeMAC(secrets: try SecretRing([Secret(second), Secret(first)]))
    let parameters = try parameters()
    #expect(rotated.id(for: parameters) == new.id(for: parameters))
    #expect(rotated.verify(try old.issue(parameters)))
    #expect(rotated.verify(try new.issue(parameters)))
    #expect(!new.verify(try old.issue(parameters)))
  }

  @Test func everyFieldButTheDescriptionIsBound() throws {
    let mac = ChallengeMAC(secrets: try SecretRing([Secret(first)]))
    let id = try mac.issue(try parameters()).id
    let changed = [
      try parameters { $0.realm = "other" }, try parameters { $0.method = "stripe" },
      try parameters { $0.intent = "session" }, try parameters { $0.expires = nil },
      try parameters { $0.expires = "2025-01-06T12:00:00Z" }, try parameters { $0.digest = nil },
      try parameters { $0.opaque = nil },
      try {
        var other = try parameters()
        other.request = try RawRequest(["amount": "1"])
        return other
      }(),
    ]
    for other in changed { #expect(!mac.verify(Challenge(id: id, parameters: other))) }
    #expect(mac.verify(Challenge(id: id, parameters: try parameters { $0.description = "anything" })))
  }

  @Test func anotherSpellingOfTheIDIsAnotherID() throws {
    let mac = ChallengeMAC(secrets: try SecretRing([Secret(first)]))
    let challenge = try mac.issue(try parameters())
    #expect(challenge.id.utf8.count == 43)
    // The last character carries four unused bits: three more texts decode leniently to the same MAC.
    let spellings = [
      challenge.id + "=", challenge.id.uppercased(), String(challenge.id.dropLast()), "",
      challenge.id + challenge.id,
    ]
    for id in spellings { #expect(!mac.verify(Challenge(id: id, parameters: challenge.parameters))) }
  }

  @Test func aReencodedRequestIsRecognisedByItsCanonicalForm() throws {
    let mac = ChallengeMAC(secrets: try SecretRing([Secret(first)]))
    let challenge = try mac.issue(try parameters())
    let loose = Base64URL.encode(Array(#"{ "amount" : "1000000" }"#.utf8))
    var echoed = challenge.parameters
    echoed.request = try RawRequest(encoded: loose)
    let credential = Credential(challenge: Challenge(id: challenge.id, parameters: echoed), payload: [:])
    let authenticated = try mac.authenticate(credential)
    #expect(authenticated.challenge.request.encoded == challenge.request.encoded)
  }

  @Test func aServerThatSignsAnotherSpellingIsVerifiedByTheRawText() throws {
    let mac = ChallengeMAC(secrets: try SecretRing([Secret(first)]))
    var raw = try parameters()
    raw.request = try RawRequest(encoded: Base64URL.encode(Array(#"{"b":1, "a":2}"#.utf8)))
    #expect(mac.verify(try mac.issue(raw)))
  }

  @Test func aForeignChallengeIsAnInvalidChallenge() throws {
    let mac = ChallengeMAC(secrets: try SecretRing([Secret(first)]))
    let credential = Credential(challenge: Challenge(id: "abc", parameters: try parameters()), payload: [:])
    do throws(PaymentProblem) {
      _ = try mac.authenticate(credential)
      Issue.record("accepted")
    } catch {
      #expect(error.code == .invalidChallenge)
      #expect(error.detail == "Challenge \"abc\" is invalid: challenge was not issued by this server.")
    }
  }

  @Test func expiryIncludesItsInstant() throws {
    let challenge = Challenge(id: "x", parameters: try parameters())
    let instant = try Timestamp(rfc3339: "2025-01-06T12:00:00.000Z")
    try challenge.checkExpiry(at: instant)
    try challenge.checkExpiry(at: instant.adding(milliseconds: 5), leeway: 5)
    func problem(_ challenge: Challenge, _ now: Timestamp) -> PaymentProblem? {
      do throws(PaymentProblem) {
        try challenge.checkExpiry(at: now)
        return nil
      } catch {
        return error
      }
    }
    #expect(problem(challenge, instant.adding(milliseconds: 1))?.code == .paymentExpired)
    let none = Challenge(id: "x", parameters: try parameters { $0.expires = nil })
    #expect(problem(none, instant)?.detail == "Challenge \"x\" is invalid: missing required expires field.")
    let odd = Challenge(id: "x", parameters: try parameters { $0.expires = "2025-13-06T12:00:00Z" })
    #expect(problem(odd, instant)?.detail == "Challenge \"x\" is invalid: malformed expires timestamp.")
  }

  @Test func aTemplateIssuesWhatTheMACIssues() throws {
    let mac = ChallengeMAC(secrets: try SecretRing([Secret(second), Secret(first)]))
    for parameters in [
      try parameters(), try parameters { $0.digest = nil }, try parameters { $0.opaque = nil },
      try parameters { $0.description = "a \"b\" \u{2014}" },
    ] {
      let template = try ChallengeTemplate(mac: mac, parameters: parameters)
      let (challenge, header) = try template.issue(expires: "2025-01-06T12:00:00.123456789Z")
      var expected = parameters
      expected.expires = "2025-01-06T12:00:00.123456789Z"
      #expect(challenge == (try mac.issue(expected)))
      #expect(header == (try challenge.serialized()))
      let instant = Timestamp(milliseconds: 1_736_164_800_123)
      for (digits, text) in [
        (nil, "2025-01-06T12:00:00.123Z"), (4_000_007, "2025-01-06T12:00:00.123000007Z"),
      ] as [(UInt32?, String)] {
        let written = template.issue(expires: instant, subMillisecond: digits)
        let expected = try template.issue(expires: text)
        #expect(written.id == expected.challenge.id && written.header == expected.header)
      }
      #expect(throws: ChallengeError.invalidField("expires")) { try template.issue(expires: "soon") }
      #expect(throws: ChallengeError.invalidField("expires")) { try template.issue(expires: "a\"b") }
    }
  }

  @Test func defaultExpiryTextsDifferWithinAMillisecond() throws {
    let instant = try Timestamp(rfc3339: "2025-01-06T12:00:00.123Z")
    #expect(instant.rfc3339(subMillisecond: 804_417) == "2025-01-06T12:00:00.123804417Z")
    #expect(instant.rfc3339(subMillisecond: 7) == "2025-01-06T12:00:00.123000007Z")
    #expect(instant.rfc3339(subMillisecond: 1_000_001) == "2025-01-06T12:00:00.123000001Z")
    #expect(try Timestamp(rfc3339: instant.rfc3339(subMillisecond: 999_999)) == instant)
  }
}
