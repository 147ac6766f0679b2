import MPPCore
import MPPServer
import ServerTestSupport
import Testing

/// One registry, keyed by name, intent and protocol version (C5, C6, C7).
struct RegistryTests {
  static let v1 = MethodKey(name: "tempo", intent: "session", version: "v1")
  static let v2 = MethodKey(name: "tempo", intent: "session", version: "v2")

  @Test func keysComeFromTheChallenge() {
    func key(_ intent: String, _ request: JSONValue) -> MethodKey {
      MethodKey(name: "tempo", intent: intent, request: request)
    }
    #expect(key("session", ["methodDetails": ["sessionProtocol": "v2"]]) == Self.v2)
    #expect(key("session", [:]) == Self.v1)
    #expect(key("session", ["methodDetails": ["sessionProtocol": 2]]).version == "")
    #expect(key("charge", ["methodDetails": ["sessionProtocol": "v2"]]).version == nil)
  }

  @Test func trueDuplicateIsAnErrorAtStartUp() async throws {
    await #expect(throws: ConfigurationError.self) {
      _ = try await ServerFixture(method: FakeMethod(), others: [FakeMethod()])
    }
  }

  @Test(arguments: [false, true]) func findingC6OrderOfRegistrationDoesNotMatter(_ isLegacyFirst: Bool)
    async throws
  {
    let (legacy, current) = (FakeMethod(key: Self.v1), FakeMethod(key: Self.v2))
    let fixture = try await ServerFixture(
      method: isLegacyFirst ? legacy : current, others: [isLegacyFirst ? current : legacy])
    var old = Offer.session("0.01", per: "request")
    old.key = Self.v1
    let offers =
      isLegacyFirst ? [old, .session("0.01", per: "request")] : [.session("0.01", per: "request"), old]
    let route = try fixture.route(offers)
    for challenge in try await fixture.challenges(route) {
      let key = MethodKey(
        name: challenge.method, intent: challenge.intent, request: challenge.request.value())
      let method = key == Self.v1 ? legacy : current
      let before = method.counts.verified
      let outcome = await fixture.server.authorize(
        ServerFixture.paying(challenge, ["do": "pay"]), for: route)
      #expect(outcome.payment != nil)
      #expect(method.counts.verified == before + 1)
    }
    #expect(legacy.counts.verified == 1 && current.counts.verified == 1)
  }

  @Test func unknownProtocolVersionsAreRefused() async throws {
    let future = MethodKey(name: "tempo", intent: "session", version: "v3")
    let issuing = try await ServerFixture(method: FakeMethod(key: future))
    var offer = Offer.session("0.01", per: "request")
    offer.key = future
    let challenge = try await issuing.challenges(try issuing.route([offer]))[0]
    let fixture = try await ServerFixture()
    let outcome = await fixture.server.authorize(
      ServerFixture.paying(challenge, ["do": "pay"]), for: try fixture.route())
    try PipelineTests.expectRefusal(outcome, .invalidChallenge)
    let reason = "credential sessionProtocol does not match this route's requirements"
    #expect(outcome.problem?.detail.contains(reason) == true)
    #expect(fixture.method.counts.verified == 0)
  }

  @Test func offersOfUnregisteredMethodsAreAnErrorAtStartUp() async throws {
    let fixture = try await ServerFixture()
    var offer = Offer.session("0.01", per: "request")
    offer.key = Self.v1
    #expect(throws: ConfigurationError.self) { try fixture.route([offer]) }
    #expect(throws: ConfigurationError.self) { try fixture.route([]) }
    let many = [Offer](repeating: .session("0.01", per: "request"), count: 17)
    #expect(throws: ConfigurationError.self) { try fixture.route(many) }
    #expect(throws: ConfigurationError.self) { try fixture.route([.session("0.0000001", per: "request")]) }
    #expect(throws: ConfigurationError.self) { try fixture.route([.session("free", per: "request")]) }
  }
}
