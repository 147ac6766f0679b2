import HTTPTypes
import MPPCore
import MPPServer
import ServerTestSupport
import Synchronization
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

  /// The problem of the request, with a fresh challenge at the price of the one it answers; the price is not asked for.
  @Test(arguments: [("refuse", PaymentProblem.Code.channelClosed, 410), ("deny", .insufficientBalance, 402)])
  func findingD12RefusedManagementKeepsThePriceOfItsChallenge(
    _ action: String, _ code: PaymentProblem.Code, _ status: Int
  ) async throws {
    let fixture = try await ServerFixture()
    let asked = Mutex(0)
    let price = Price.computed { request in
      asked.withLock { $0 += 1 }
      guard request.query == "2" else { throw NoPrice() }
      return "0.02"
    }
    let route = try fixture.route(
      [.session(price, per: "request")], options: RouteOptions(contentMethods: [.get]))
    let challenge = try await fixture.challenges(route, Self.get("2"))[0]
    #expect(asked.withLock { $0 } == 1)
    for method in [HTTPRequest.Method.head, .post] {
      let outcome = await fixture.server.authorize(
        ServerFixture.paying(challenge, ["do": .string(action)], method: method, target: "/items/1"),
        for: route)
      try PipelineTests.expectRefusal(outcome, code, status: status)
      let fresh = try ServerFixture.challenges(in: try #require(outcome.response))[0]
      #expect(fresh.request.value()["amount"] == "20000")
    }
    #expect(asked.withLock { $0 } == 1)
  }

  /// What is wrong with the request is known, and what it would have to pay is not.
  @Test func findingD12ManagementWithoutAPriceIsToldWhatIsWrongWithIt() async throws {
    let fixture = try await ServerFixture()
    let options = RouteOptions(contentMethods: [.get])
    let route = try fixture.route([.session(Self.byQuery, per: "request")], options: options)
    let other = try fixture.route(
      [.session(Self.byQuery, per: "request")], pattern: "/other", options: options)
    let foreign = try await fixture.challenges(other, Self.get("2"))[0]
    let stranger = try await ServerFixture(secret: "another-secret-0123456789abcdef-0123")
    let forged = try await stranger.challenges(
      try stranger.route([.session(Self.byQuery, per: "request")], options: options), Self.get("2"))[0]
    for challenge in [foreign, forged] {
      for method in [HTTPRequest.Method.head, .post] {
        let outcome = await fixture.server.authorize(
          ServerFixture.paying(challenge, ["do": "manage"], method: method, target: "/items/1"), for: route)
        #expect(outcome.label == "problem")
        #expect(outcome.response?.status == 402)
        #expect(outcome.problem?.code == .invalidChallenge)
        #expect(outcome.response?.headers[.cacheControl] == "no-store")
        #expect(outcome.response?.headers[.wwwAuthenticate] == nil)
      }
    }
    #expect(fixture.method.counts.verified == 0)
  }

  /// Content has to be asked for its price.
  @Test func aHeadOrPostThatCannotBeContentAndHasNoPriceIsNotAllowed() async throws {
    let fixture = try await ServerFixture()
    let route = try fixture.route(
      [.session(Self.byQuery, per: "request")], options: RouteOptions(contentMethods: [.get]))
    for method in [HTTPRequest.Method.head, .post] {
      let outcome = await fixture.server.authorize(
        PaymentRequest(method: method, target: "/items/1"), for: route)
      #expect(outcome.response?.status == 405)
      #expect(outcome.response?.headers[.allow] == "GET")
      let priced = await fixture.server.authorize(
        PaymentRequest(method: method, target: "/items/1?2"), for: route)
      try PipelineTests.expectRefusal(priced, .paymentRequired)
    }
    let any = try fixture.route([.session(Self.byQuery, per: "request")])
    let head = await fixture.server.authorize(PaymentRequest(method: .head, target: "/items/1"), for: any)
    #expect(head.response?.status == 402)
    #expect(head.response?.headers[.wwwAuthenticate] == nil)
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
