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
