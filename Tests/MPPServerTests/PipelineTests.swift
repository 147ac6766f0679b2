import HTTPTypes
import MPPCore
import MPPServer
import ServerTestSupport
import Testing

/// The fixed order of `11` §5 and the decision table of `01` §15.1: every failure is the right problem
/// document with a fresh challenge, and nothing happens before verification.
struct PipelineTests {
  static func expectRefusal(
    _ outcome: PaymentOutcome, _ code: PaymentProblem.Code, status: Int = 402, detail: String? = nil,
    challenges: Int = 1, _ location: SourceLocation = #_sourceLocation
  ) throws {
    guard case .challenge(let response) = outcome else {
      Issue.record("\(outcome.label) instead of a challenge", sourceLocation: location)
      return
    }
    let problem = try #require(outcome.problem, sourceLocation: location)
    #expect(problem.code == code, sourceLocation: location)
    #expect(response.status == status, sourceLocation: location)
    if let detail { #expect(problem.detail == detail, sourceLocation: location) }
    #expect(response.headers[.cacheControl] == "no-store", sourceLocation: location)
    #expect(response.headers[.contentType] == "application/problem+json", sourceLocation: location)
    #expect(response.headers[ProtocolHeaders.paymentReceipt] == nil, sourceLocation: location)
    let fresh = try ServerFixture.challenges(in: response)
    #expect(fresh.count == challenges, sourceLocation: location)
    #expect(problem.challengeID == fresh.first?.id, sourceLocation: location)
  }

  @Test func requestWithoutCredentialGetsAChallenge() async throws {
    let fixture = try await ServerFixture()
    let route = try fixture.route()
    for authorization in [nil, "Bearer abc", "Basic Zm9v", "Payment", "Payment  "] {
      var request = PaymentRequest(method: .get, path: "/items/1")
      if let authorization { request.headers[.authorization] = authorization }
      let outcome = await fixture.server.authorize(request, for: route)
      try Self.expectRefusal(outcome, .paymentRequired, detail: "Payment is required.")
    }
    #expect(fixture.method.counts == FakeMethod.Counts())
  }

  @Test func descriptionIsInTheChallengeAndTheDetail() async throws {
    let fixture = try await ServerFixture()
    let route = try fixture.route([.session("0.01", per: "request", description: #"Café "x""#)])
    let outcome = await fixture.server.authorize(PaymentRequest(method: .get, path: "/"), for: route)
    try Self.expectRefusal(outcome, .paymentRequired, detail: #"Payment is required (Café "x")."#)
    #expect(try await fixture.challenges(route)[0].description == #"Café "x""#)
  }

  @Test func malformedCredentials() async throws {
    let fixture = try await ServerFixture()
    let route = try fixture.route()
    let tooLong = "Payment " + String(repeating: "A", count: 70_000)
    for header in ["Payment !!!", "Payment e30", "Payment bm90IGpzb24", "payment AAAA", tooLong] {
      let request = PaymentRequest(method: .get, path: "/items/1", headers: [.authorization: header])
      let outcome = await fixture.server.authorize(request, for: route)
      try Self.expectRefusal(
        outcome, .malformedCredential, detail: "Credential is malformed: Invalid base64url or JSON.")
    }
    #expect(fixture.method.counts.verified == 0)
  }

  @Test func twoPaymentCredentialsAreABadRequest() async throws {
    let fixture = try await ServerFixture()
    let route = try fixture.route()
    let challenge = try await fixture.challenges(route)[0]
    let credential = Credential(challenge: challenge, payload: ["do": "pay"]).serialized()
    var request = PaymentRequest(method: .get, path: "/items/1")
    request.headers.append(HTTPField(name: .authorization, value: credential))
    request.headers.append(HTTPField(name: .authorization, value: credential))
    try Self.expectRefusal(
      await fixture.server.authorize(request, for: route), .badRequest, status: 400)
    request.headers = [.authorization: credential + ", " + credential]
    try Self.expectRefusal(
      await fixture.server.authorize(request, for: route), .badRequest, status: 400)
    #expect(fixture.method.counts.verified == 0)
    // One Payment credential next to another scheme is fine.
    request.headers = [.authorization: "Bearer abc, " + credential]
    #expect(await fixture.server.authorize(request, for: route).payment != nil)
  }

  @Test func challengesOfOtherSecretsAndAlteredEchoesAreNotOurs() async throws {
    let fixture = try await ServerFixture()
    let route = try fixture.route()
    let foreign = try await ServerFixture(secret: "another-secret-of-at-least-32-bytes!")
    let stranger = try await foreign.challenges(try foreign.route())[0]
    let mine = try await fixture.challenges(route)[0]
    for challenge in [stranger] + Self.altered(mine) {
      let request = ServerFixture.paying(challenge, ["do": "pay"])
      try Self.expectRefusal(
        await fixture.server.authorize(request, for: route), .invalidChallenge,
        detail: #"Challenge "\#(challenge.id)" is invalid: challenge was not issued by this server."#)
    }
    #expect(fixture.method.counts.verified == 0)
  }

  /// The challenge with one field changed at a time, as a payer would echo it.
  static func altered(_ challenge: Challenge) -> [Challenge] {
    let credential = Credential(challenge: challenge, payload: .null)
    guard let echo = credential.jsonValue["challenge"]?.objectValue else { return [] }
    var changed: [Challenge] = []
    for (key, value) in [
      ("realm", "evil.example.com"), ("method", "stripe"), ("intent", "charge"), ("request", "e30"),
      ("expires", "2036-01-01T00:00:00.000Z"), ("opaque", "e30"),
      ("id", String(challenge.id.reversed())),
    ] {
      let members = echo.filter { $0.key != key } + [.init(key: key, value: .string(value))]
      let object: JSONValue = ["challenge": .object(members), "payload": ["do": "pay"]]
      let header = "Payment " + Base64URL.encode(object.serialized().utf8)
      if let parsed = try? Credential(parsing: header) { changed.append(parsed.challenge) }
    }
    return changed
  }

  @Test func credentialsOfOtherRoutesAreRefusedWithTheFirstDifference() async throws {
    let fixture = try await ServerFixture()
    let route = try fixture.route()
    let challenge = try await fixture.challenges(route)[0]
    func field(_ other: Route) async throws -> String? {
      let outcome = await fixture.server.authorize(
        ServerFixture.paying(challenge, ["do": "pay"]), for: other)
      try Self.expectRefusal(outcome, .invalidChallenge)
      let words = outcome.problem?.detail.split(separator: " ") ?? []
      return words.firstIndex(of: "credential").map { String(words[$0 + 1]) }
    }
    #expect(try await field(try fixture.route(pattern: "/other")) == "opaque")
    #expect(try await field(try fixture.route(method: .put)) == "opaque")
    #expect(try await field(try fixture.route([.session("0.02", per: "request")])) == "amount")
    #expect(try await field(try fixture.route([.session("0.01", per: "token")])) == "unitType")
    var offer = Offer.session("0.01", per: "request")
    offer.currency = "0xcc"
    #expect(try await field(try fixture.route([offer])) == "currency")
    offer = .session("0.01", per: "request")
    offer.meta = ["plan": "gold"]
    #expect(try await field(try fixture.route([offer])) == "opaque")
    #expect(fixture.method.counts.verified == 0)
  }

  @Test func realmIsCompared() async throws {
    let here = try await ServerFixture()
    let there = try await ServerFixture(realm: "other.example.com")
    let challenge = try await there.challenges(try there.route())[0]
    let outcome = await here.server.authorize(
      ServerFixture.paying(challenge, ["do": "pay"]), for: try here.route())
    let reason = "credential realm does not match this route's requirements"
    try Self.expectRefusal(
      outcome, .invalidChallenge, detail: #"Challenge "\#(challenge.id)" is invalid: \#(reason)."#)
  }

  @Test func expiredChallengesAreRefusedAfterBinding() async throws {
    let fixture = try await ServerFixture()
    let route = try fixture.route()
    let challenge = try await fixture.challenges(route)[0]
    let request = ServerFixture.paying(challenge, ["do": "pay"])
    fixture.clock.advance(seconds: 300)
    #expect(await fixture.server.authorize(request, for: route).payment != nil)
    fixture.clock.advance(seconds: 1)
    let expires = try #require(challenge.expires)
    try Self.expectRefusal(
      await fixture.server.authorize(request, for: route), .paymentExpired,
      detail: "Payment expired at \(expires).")
    // An expired credential of another route: binding comes first.
    try Self.expectRefusal(
      await fixture.server.authorize(request, for: try fixture.route(pattern: "/x")), .invalidChallenge)
    #expect(fixture.method.counts.verified == 1)
  }

  @Test func payloadFailuresComeFromTheMethod() async throws {
    let fixture = try await ServerFixture()
    let route = try fixture.route()
    try Self.expectRefusal(
      try await fixture.pay(route, ["do": "nonsense"]), .invalidPayload,
      detail: "Credential payload is invalid.")
    try Self.expectRefusal(
      try await fixture.pay(route, ["do": "deny"]), .insufficientBalance,
      detail: "Insufficient balance: requested 1, available 0.")
  }

  @Test func problemsWithOtherStatusesKeepTheirStatusAndChallenge() async throws {
    let fixture = try await ServerFixture()
    let outcome = try await fixture.pay(try fixture.route(), ["do": "refuse"])
    try Self.expectRefusal(outcome, .channelClosed, status: 410)
    #expect(fixture.method.evidence as? String == "payer verified")
  }

  @Test func lookingSettlesNothing() async throws {
    let fixture = try await ServerFixture()
    let route = try fixture.route()
    let listener = fixture.server.events.subscribe()
    let challenge = try await fixture.challenges(route)[0]
    let valid = try await fixture.server.validate(
      ServerFixture.paying(challenge, ["do": "pay"]), for: route)
    #expect(valid.challengeID == challenge.id)
    #expect(valid.purpose == .content)
    #expect(fixture.method.counts == FakeMethod.Counts(verified: 1))
    for (action, code) in [("refuse", PaymentProblem.Code.channelClosed), ("deny", .insufficientBalance)] {
      let problem = await #expect(throws: PaymentProblem.self) {
        try await fixture.server.validate(
          ServerFixture.paying(challenge, ["do": .string(action)]), for: route)
      }
      #expect(problem?.code == code)
    }
    #expect(fixture.method.counts == FakeMethod.Counts(verified: 3))
    #expect(fixture.method.settled == 0)
    #expect(fixture.method.kept.isEmpty)
    // What was found out before a refusal is written down when it was to be paid with.
    _ = await fixture.server.authorize(ServerFixture.paying(challenge, ["do": "refuse"]), for: route)
    #expect(fixture.method.kept == ["payer verified"])
    await fixture.server.shutdown()
    var seen = 0
    for await event in listener.events {
      if case .refused = event { seen += 1 }
    }
    #expect(seen == 1)
  }

  @Test func errorsOfUnknownOriginLeakNothing() async throws {
    let fixture = try await ServerFixture()
    let outcome = try await fixture.pay(try fixture.route(), ["do": "crash"])
    try Self.expectRefusal(outcome, .verificationFailed, detail: "Payment verification failed.")
    let body = String(decoding: outcome.response?.body ?? [], as: UTF8.self)
    #expect(!body.contains("private"))
  }

  @Test func unreachableLedgerAndChainAre503WithoutChallenge() async throws {
    let fixture = try await ServerFixture()
    let route = try fixture.route()
    for (action, retryAfter) in [("store", "1"), ("cancel", "1"), ("unavailable", "7")] {
      let outcome = try await fixture.pay(route, ["do": .string(action)])
      #expect(outcome.label == "problem")
      #expect(outcome.response?.status == 503)
      #expect(outcome.problem?.code == .unavailable)
      #expect(outcome.response?.headers[.retryAfter] == retryAfter)
      #expect(outcome.response?.headers[.wwwAuthenticate] == nil)
      #expect(outcome.response?.headers[.cacheControl] == "no-store")
    }
  }

  @Test func statusesThatPayingCannotHelpHaveNoChallenge() async throws {
    let fixture = try await ServerFixture()
    let route = try fixture.route()
    for status in [403, 409, 413, 500] {
      let outcome = try await fixture.pay(route, ["do": "status", "status": .integer(Int64(status))])
      #expect(outcome.label == "problem")
      #expect(outcome.response?.status == status)
      #expect(outcome.response?.headers[.wwwAuthenticate] == nil)
      #expect(outcome.problem?.code.rawValue == "custom")
    }
  }

  @Test func methodThatContradictsItsClassificationServesNothing() async throws {
    let fixture = try await ServerFixture()
    let outcome = try await fixture.pay(try fixture.route(), ["do": "contradict"])
    #expect(outcome.response?.status == 500)
    #expect(outcome.problem?.code == .internalError)
    #expect(fixture.method.counts.released == 1)
    #expect(fixture.method.counts.committed == 0)
  }

  @Test func managementAnswers204WithReceipt() async throws {
    let fixture = try await ServerFixture()
    let outcome = try await fixture.pay(try fixture.route(), ["do": "manage"])
    guard case .management(let response) = outcome else {
      Issue.record("\(outcome.label)")
      return
    }
    #expect(response.status == 204)
    #expect(response.body.isEmpty)
    #expect(response.headers[ProtocolHeaders.paymentReceipt] == "bWFuYWdlZA")
    #expect(response.headers[ProtocolHeaders.paymentSession] == "0x01")
    #expect(response.headers[.cacheControl] == "private")
  }

  @Test func reencodedEchoIsAccepted() async throws {
    let fixture = try await ServerFixture()
    let route = try fixture.route()
    let challenge = try await fixture.challenges(route)[0]
    let pretty = Base64URL.encode(challenge.request.value().serialized().utf8)
    let credential = Credential(challenge: challenge, payload: ["do": "pay"])
    guard let members = credential.jsonValue["challenge"]?.objectValue else { return }
    let echo = members.filter { $0.key != "request" } + [.init(key: "request", value: .string(pretty))]
    let object: JSONValue = ["challenge": .object(echo), "payload": ["do": "pay"]]
    let header = "Payment " + Base64URL.encode(object.serialized().utf8)
    let request = PaymentRequest(method: .get, path: "/items/1", headers: [.authorization: header])
    #expect(await fixture.server.authorize(request, for: route).payment != nil)
  }
}
