import HTTPTypes
import MPPCore
import MPPServer
import ServerTestSupport
import Testing

/// Prices that depend on the request (A5, `01` §16).
struct ComputedPriceTests {
  struct NoPrice: Error {}

  static let byQuery = Price.computed { request in
    guard let query = request.query, let size = Int(query) else { throw NoPrice() }
    return "0.0\(size)"
  }

  static func get(_ query: String) -> PaymentRequest {
    PaymentRequest(method: .get, target: "/items/1?\(query)")
  }

  @Test func priceIsResolvedPerRequestAndBound() async throws {
    let fixture = try await ServerFixture()
    let route = try fixture.route([.session(Self.byQuery, per: "request")])
    let two = try await fixture.challenges(route, Self.get("2"))[0]
    let three = try await fixture.challenges(route, Self.get("3"))[0]
    #expect(two.request.value()["amount"] == "20000")
    #expect(three.request.value()["amount"] == "30000")
    let good = await fixture.server.authorize(
      ServerFixture.paying(two, ["do": "pay"], target: "/items/1?2"), for: route)
    #expect(good.payment?.amount == Amount(units: 20_000))
    let dear = await fixture.server.authorize(
      ServerFixture.paying(two, ["do": "pay"], target: "/items/1?3"), for: route)
    try PipelineTests.expectRefusal(dear, .invalidChallenge)
    #expect(dear.problem?.detail.contains("credential amount does not match") == true)
  }

  /// A5: a top-up or close has no body and no query to compute a price from.
  @Test func findingA5ManagementKeepsThePriceOfItsChallenge() async throws {
    let fixture = try await ServerFixture()
    let route = try fixture.route([.session(Self.byQuery, per: "request")])
    let challenge = try await fixture.challenges(route, Self.get("2"))[0]
    let outcome = await fixture.server.authorize(
      ServerFixture.paying(challenge, ["do": "manage"], method: .post, target: "/items/1"), for: route)
    #expect(outcome.label == "management")
    let content = await fixture.server.authorize(
      ServerFixture.paying(challenge, ["do": "pay"], target: "/items/1"), for: route)
    #expect(content.response?.status != 200)
    #expect(fixture.method.counts.held == 0)
  }

  @Test func priceThatCannotBeComputedIsAProblemDocument() async throws {
    let fixture = try await ServerFixture()
    let route = try fixture.route([.session(Self.byQuery, per: "request")])
    let outcome = await fixture.server.authorize(
      PaymentRequest(method: .get, path: "/items/1"), for: route)
    #expect(outcome.label == "problem")
    #expect(outcome.response?.status == 500)
    #expect(outcome.problem?.code == .internalError)
  }

  @Test func problemOfThePriceIsTheAnswer() async throws {
    let fixture = try await ServerFixture()
    let price = Price.computed { _ in
      throw PaymentProblem(code: .badRequest, status: 400, title: "Bad Request", detail: "No size.")
    }
    let route = try fixture.route([.session(price, per: "request")])
    let outcome = await fixture.server.authorize(
      PaymentRequest(method: .get, path: "/items/1"), for: route)
    #expect(outcome.response?.status == 400)
    #expect(outcome.problem?.detail == "No size.")
  }

  @Test func offersWithoutAPriceAreLeftOut() async throws {
    let fixture = try await ServerFixture()
    let route = try fixture.route([
      .session(Self.byQuery, per: "request"), .session("0.05", per: "request"),
    ])
    #expect(try await fixture.challenges(route).count == 1)
    #expect(try await fixture.challenges(route, Self.get("1")).count == 2)
  }

  @Test func interleavedPricesDoNotMix() async throws {
    let limits = ServerLimits(maxCachedPrices: 2)
    let fixture = try await ServerFixture(limits: limits)
    let route = try fixture.route([.session(Self.byQuery, per: "request")])
    var challenges: [(Int, Challenge)] = []
    for size in 1...9 {
      challenges.append((size, try await fixture.challenges(route, Self.get("\(size)"))[0]))
    }
    for (size, challenge) in challenges.reversed() {
      let outcome = await fixture.server.authorize(
        ServerFixture.paying(challenge, ["do": "pay"], target: "/items/1?\(size)"), for: route)
      #expect(outcome.payment?.amount == Amount(units: UInt128(size * 10_000)))
    }
  }
}
