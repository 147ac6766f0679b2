import HTTPTypes
import MPPCore
import MPPServer
import ServerTestSupport
import Testing

/// Bodies: digests and limits (`01` §7, `11` §11).
struct BodyTests {
  static let options = RouteOptions(bodyBinding: .digest)

  static func post(_ body: String) -> PaymentRequest {
    PaymentRequest(method: .post, path: "/items/1", body: Array(body.utf8))
  }

  @Test func boundBodyIsTheOnlyOneThatRedeems() async throws {
    let fixture = try await ServerFixture()
    let route = try fixture.route(method: .post, options: Self.options)
    let challenge = try await fixture.challenges(route, Self.post("hello"))[0]
    #expect(challenge.digest == "sha-256=LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=")
    func pay(_ body: String?) async -> PaymentOutcome {
      let request = ServerFixture.paying(
        challenge, ["do": "pay"], method: .post, body: body.map { Array($0.utf8) })
      return await fixture.server.authorize(request, for: route)
    }
    #expect(await pay("hello").payment != nil)
    for body in ["hellO", "", nil] {
      let outcome = await pay(body)
      try PipelineTests.expectRefusal(outcome, .invalidChallenge)
      #expect(outcome.problem?.detail.contains("credential digest does not match") == true)
    }
    #expect(fixture.method.counts.verified == 1)
  }

  @Test func credentialWithoutDigestDoesNotRedeemABoundRoute() async throws {
    let fixture = try await ServerFixture()
    let free = try fixture.route(method: .post)
    let challenge = try await fixture.challenges(free, Self.post("hello"))[0]
    let outcome = await fixture.server.authorize(
      ServerFixture.paying(challenge, ["do": "pay"], method: .post, body: Array("hello".utf8)),
      for: try fixture.route(method: .post, options: Self.options))
    try PipelineTests.expectRefusal(outcome, .invalidChallenge)
  }

  @Test func digestIsCheckedWheneverTheBodyIsAtHand() async throws {
    let fixture = try await ServerFixture()
    let challenge = try await fixture.challenges(
      try fixture.route(method: .post, options: Self.options), Self.post("hello"))[0]
    let outcome = await fixture.server.authorize(
      ServerFixture.paying(challenge, ["do": "pay"], method: .post, body: Array("other".utf8)),
      for: try fixture.route(method: .post))
    try PipelineTests.expectRefusal(outcome, .invalidChallenge)
  }

  @Test func bodiesOverTheLimitAre413BeforeAnythingElse() async throws {
    let fixture = try await ServerFixture(limits: ServerLimits(maxBodyBytes: 4))
    let route = try fixture.route(method: .post, options: Self.options)
    let outcome = await fixture.server.authorize(Self.post("hello"), for: route)
    #expect(outcome.label == "problem")
    #expect(outcome.response?.status == 413)
    #expect(outcome.problem?.code == .contentTooLarge)
    var declared = PaymentRequest(method: .post, path: "/items/1", hasBody: true)
    declared.headers[.contentLength] = "5"
    #expect(await fixture.server.authorize(declared, for: route).response?.status == 413)
  }

  @Test func requestTargetsAreSplitAtTheFirstQuestionMark() {
    #expect(PaymentRequest(method: .get, target: "/a?b?c").query == "b?c")
    #expect(PaymentRequest(method: .get, target: "/a").query == nil)
    #expect(!PaymentRequest(method: .get, target: "/a?").hasQuery)
    #expect(PaymentRequest(method: .get, target: "/a?b").path == "/a")
  }
}
