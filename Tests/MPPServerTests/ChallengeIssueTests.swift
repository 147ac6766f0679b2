import HTTPTypes
import MPPCore
import MPPServer
import ServerTestSupport
import Testing

/// Fresh challenges: templates, entropy, scope, several offers (`01` §3, §4, §16).
struct ChallengeIssueTests {
  static let request = PaymentRequest(method: .get, path: "/items/1")

  @Test func templateEqualsThePlainSerialiser() async throws {
    let fixture = try await ServerFixture()
    var offer = Offer.session("0.01", per: "request", description: #"a "quoted" \ é, expires="x""#)
    offer.meta = ["note": #", expires="y""#]
    let route = try fixture.route([offer, .session("0.02", per: "token")])
    guard case .challenge(let response) = await fixture.server.authorize(Self.request, for: route) else {
      Issue.record("no challenge")
      return
    }
    let fields = response.headers[values: .wwwAuthenticate]
    #expect(fields.count == 2)
    let mac = ChallengeMAC(secrets: try SecretRing([Secret(ServerFixture.secret)]))
    for field in fields {
      let challenge = try #require(try ChallengeList(fields: [.wwwAuthenticate: field]).challenges.first)
      #expect(mac.verify(challenge))
      let plain = try mac.issue(challenge.parameters)
      #expect(plain.id == challenge.id)
      #expect(try plain.serialized() == field)
    }
  }

  @Test func defaultExpiresHasSixRandomDigitsAndIdsAreUnique() async throws {
    let fixture = try await ServerFixture()
    let route = try fixture.route()
    let first = try await fixture.challenges(route)[0]
    let second = try await fixture.challenges(route)[0]
    #expect(first.id != second.id)
    let text = try #require(first.expires)
    let millisecond = ServerFixture.start.adding(seconds: 300).rfc3339.dropLast()
    #expect(text.hasPrefix(millisecond) && text.hasSuffix("Z"))
    #expect(text.utf8.count == millisecond.utf8.count + 7)
  }

  @Test func compatibilitySwitchesGiveTheReferencesChallenges() async throws {
    let fixture = try await ServerFixture(compatibility: .reference)
    let route = try fixture.route([.session("0.01", per: "request"), .session("0.02", per: "request")])
    guard case .challenge(let response) = await fixture.server.authorize(Self.request, for: route) else {
      Issue.record("no challenge")
      return
    }
    #expect(response.headers[values: .wwwAuthenticate].count == 1)
    let challenges = try ServerFixture.challenges(in: response)
    #expect(challenges.count == 2)
    #expect(challenges.allSatisfy { $0.opaque == nil })
    let expires = ServerFixture.start.adding(seconds: 300).rfc3339
    #expect(challenges.allSatisfy { $0.expires == expires })
  }

  @Test func scopeIsTheDeclaredRoute() async throws {
    let fixture = try await ServerFixture()
    #expect(try fixture.route(pattern: "items/{id}/").scope == "GET /items/:id")
    #expect(try fixture.route(method: .post, pattern: "/").scope == "POST /")
    let route = try fixture.route()
    let opaque = try await fixture.challenges(route)[0].opaqueMap()
    #expect(opaque == ["_mppx_scope": "GET /items/:id"])
    var options = RouteOptions(scope: .text("mine"))
    #expect(try fixture.route(options: options).scope == "mine")
    options.scope = .none
    #expect(try await fixture.challenges(try fixture.route(options: options))[0].opaque == nil)
  }

  @Test func conflictingScopesAreAConfigurationError() async throws {
    let fixture = try await ServerFixture()
    var offer = Offer.session("0.01", per: "request")
    offer.meta = ["_mppx_scope": "another"]
    #expect(throws: ConfigurationError.self) { try fixture.route([offer]) }
    offer.meta = ["_mppx_scope": "GET /items/:id"]
    #expect(throws: Never.self) { try fixture.route([offer]) }
  }

  @Test func everyOfferIsChallengedAndEachCanBePaidByAFreshProcess() async throws {
    let offers: [Offer] = [.session("0.01", per: "request"), .session("0.02", per: "request")]
    let issuing = try await ServerFixture()
    let challenges = try await issuing.challenges(try issuing.route(offers))
    #expect(challenges.count == 2)
    for (challenge, units) in zip(challenges, [10_000, 20_000] as [UInt128]) {
      // C25: a process that has never issued a challenge dispatches by the credential's own.
      let cold = try await ServerFixture()
      let outcome = await cold.server.authorize(
        ServerFixture.paying(challenge, ["do": "pay"]), for: try cold.route(offers))
      #expect(outcome.payment?.amount == Amount(units: units))
    }
  }

  @Test func refusalsCarryAllOffers() async throws {
    let fixture = try await ServerFixture()
    let route = try fixture.route([.session("0.01", per: "request"), .session("0.02", per: "request")])
    let challenge = try await fixture.challenges(route)[1]
    let outcome = await fixture.server.authorize(
      ServerFixture.paying(challenge, ["do": "deny"]), for: route)
    try PipelineTests.expectRefusal(outcome, .insufficientBalance, challenges: 2)
  }

  @Test func hintsAreAddedAfterThePriceAndStayRedeemable() async throws {
    let method = FakeMethod(hint: { _ in "0x01" })
    let fixture = try await ServerFixture(method: method)
    let route = try fixture.route()
    let challenge = try await fixture.challenges(route)[0]
    #expect(challenge.request.value()["hint"] == "0x01")
    #expect(challenge.request.value()["amount"] == "10000")
    let outcome = await fixture.server.authorize(
      ServerFixture.paying(challenge, ["do": "pay"]), for: route)
    #expect(outcome.payment != nil)
  }

  @Test func hintsThatDoNotFitAreLeftOut() async throws {
    let method = FakeMethod(hint: { _ in .string(String(repeating: "x", count: 20_000)) })
    let fixture = try await ServerFixture(method: method)
    let challenge = try await fixture.challenges(try fixture.route())[0]
    #expect(challenge.request.value()["hint"] == nil)
  }

  @Test func hintsSeeNoIdentityWithoutVerification() async throws {
    let fixture = try await ServerFixture()
    let route = try fixture.route()
    for payload in [["do": "deny"], ["do": "crash"], ["do": "nonsense"]] as [JSONValue] {
      _ = try await fixture.pay(route, payload)
      #expect(fixture.method.evidence == nil)
    }
    _ = try await fixture.pay(route, ["do": "refuse"])
    #expect(fixture.method.evidence != nil)
  }
}
