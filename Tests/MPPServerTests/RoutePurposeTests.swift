import HTTPTypes
import MPPCore
import MPPServer
import ServerTestSupport
import Testing

/// Content or management, decided once and the same for gate, verifier and receipt (C23).
struct RoutePurposeTests {
  @Test func methodsWithoutContentAreManagement() async throws {
    let fixture = try await ServerFixture()
    let route = try fixture.route(options: RouteOptions(contentMethods: [.get]))
    let challenge = try await fixture.challenges(route)[0]
    for (method, target) in [
      (HTTPRequest.Method.post, "/items/1?q=1"), (.post, "/items/1"), (.head, "/items/1"),
    ] {
      let outcome = await fixture.server.authorize(
        ServerFixture.paying(challenge, ["do": "pay"], method: method, target: target), for: route)
      #expect(outcome.label == "management", "\(method)")
    }
    #expect(fixture.method.counts.held == 0)
    let content = await fixture.server.authorize(
      ServerFixture.paying(challenge, ["do": "pay"]), for: route)
    #expect(content.label == "proceed")
  }

  /// Neither content nor management: whatever is paid for it would buy nothing.
  @Test func aBodyWithAMethodWithoutContentIsNotAllowed() async throws {
    let fixture = try await ServerFixture()
    let route = try fixture.route(options: RouteOptions(contentMethods: [.get]))
    let challenge = try await fixture.challenges(route)[0]
    func post(_ request: PaymentRequest) -> PaymentRequest {
      var request = request
      request.method = .post
      request.hasBody = true
      return request
    }
    let unpaid = post(PaymentRequest(method: .post, path: "/items/1"))
    let requests =
      [unpaid] + ["pay", "manage"].map { post(ServerFixture.paying(challenge, ["do": .string($0)])) }
    for request in requests {
      let outcome = await fixture.server.authorize(request, for: route)
      #expect(outcome.label == "problem")
      #expect(outcome.problem?.code == .methodNotAllowed)
      #expect(outcome.response?.headers[.allow] == "GET")
      #expect(outcome.response?.headers[.wwwAuthenticate] == nil)
    }
    #expect(fixture.method.counts.verified == 0)
    // Where it can be content it is asked to pay, and without a body it is management.
    let both = try fixture.route(
      method: .post, pattern: "/both", options: RouteOptions(contentMethods: [.get, .post]))
    #expect(await fixture.server.authorize(unpaid, for: both).label == "challenge")
    let manage = ServerFixture.paying(challenge, ["do": "manage"], method: .post)
    #expect(await fixture.server.authorize(manage, for: route).label == "management")
  }

  /// Nothing but content redeems it: the answer says where that is (RFC 9110 §15.5.6).
  @Test(arguments: [HTTPRequest.Method.head, .post])
  func aOneTimeCredentialWithAMethodWithoutContentIsToldTheMethods(_ method: HTTPRequest.Method) async throws
  {
    let fixture = try await ServerFixture(
      method: FakeMethod(key: MethodKey(name: "tempo", intent: "charge"), isOneTime: true),
      others: [FakeMethod()])
    for offers in [[Offer.charge("0.01")], [.charge("0.01"), .session("0.01", per: "request")]] {
      let route = try fixture.route(offers, options: RouteOptions(contentMethods: [.get, .put]))
      let challenge = try #require(try await fixture.challenges(route).first { $0.intent == "charge" })
      let outcome = await fixture.server.authorize(
        ServerFixture.paying(challenge, ["do": "pay"], method: method), for: route)
      #expect(outcome.response?.status == 405)
      #expect(outcome.response?.headers[.allow] == "GET, PUT")
      #expect(outcome.problem?.code == .methodNotAllowed)
    }
    #expect(fixture.method.counts.verified == 0)
  }

  @Test func managementMayAnswerAChallengeOfASiblingRoute() async throws {
    let fixture = try await ServerFixture()
    let get = try fixture.route()
    let post = try fixture.route(method: .post)
    let challenge = try await fixture.challenges(get)[0]
    let manage = ServerFixture.paying(challenge, ["do": "manage"], method: .post)
    let alone = await fixture.server.authorize(manage, for: post)
    try PipelineTests.expectRefusal(alone, .invalidChallenge)
    #expect(await fixture.server.authorize(manage, for: post, siblings: [get]).label == "management")
    // Content may not: a credential for GET does not buy POST.
    let content = ServerFixture.paying(challenge, ["do": "pay"], method: .post)
    let refused = await fixture.server.authorize(content, for: post, siblings: [get])
    try PipelineTests.expectRefusal(refused, .invalidChallenge)
    #expect(fixture.method.counts.held == 0)
  }
}
