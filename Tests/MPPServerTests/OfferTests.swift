import HTTPTypes
import MPPCore
import MPPServer
import ServerTestSupport
import Testing

/// A route is an immutable list of offers (`01` §8, §16).
struct OfferTests {
  static let charge = MethodKey(name: "tempo", intent: "charge")

  /// A session and a charge, and a route that offers both.
  struct Stage {
    let session = FakeMethod()
    let charge = FakeMethod(key: OfferTests.charge, isOneTime: true)
    let fixture: ServerFixture
    let route: Route

    init(
      _ offers: [Offer] = [OfferTests.sessionOffer, OfferTests.chargeOffer],
      method: HTTPRequest.Method = .get,
      options: RouteOptions = RouteOptions(), limits: ServerLimits = ServerLimits(),
      compatibility: Compatibility = Compatibility()
    ) async throws {
      fixture = try await ServerFixture(
        method: session, others: [charge], limits: limits, compatibility: compatibility)
      route = try fixture.route(offers, method: method, options: options)
    }

    func ask(_ accept: String?, authorization: String? = nil) async -> PaymentOutcome {
      var request = PaymentRequest(method: .get, path: "/items/1")
      request.headers[ProtocolHeaders.acceptPayment] = accept
      request.headers[.authorization] = authorization
      return await fixture.server.authorize(request, for: route)
    }

    func intents(_ accept: String?, authorization: String? = nil) async throws -> [String] {
      guard let response = await ask(accept, authorization: authorization).response else { return [] }
      return try ServerFixture.challenges(in: response).map(\.intent)
    }
  }

  static let sessionOffer = Offer.session("0.01", per: "request", description: "by the request")
  static let chargeOffer = Offer.charge("0.02", description: "once")

  @Test(arguments: [
    ("tempo/session;q=0.5, tempo/charge", ["charge", "session"]),
    ("tempo/charge;q=0.5, tempo/session", ["session", "charge"]),
    ("tempo/*;q=0.5", ["session", "charge"]), ("tempo/*;q=0.9, */charge;q=0.1", ["session", "charge"]),
    ("*/*;q=0.1, tempo/charge", ["charge", "session"]),
  ])
  func acceptPaymentRanksTheOffers(accept: String, intents: [String]) async throws {
    #expect(try await Stage().intents(accept) == intents)
  }

  @Test(arguments: [
    ("tempo/charge", ["charge"]), ("tempo/session", ["session"]), ("tempo/*, tempo/session;q=0", ["charge"]),
    ("stripe/charge, */session;q=0.001", ["session"]),
  ])
  func offersThatAreNotTakenAreLeftOut(accept: String, intents: [String]) async throws {
    #expect(try await Stage().intents(accept) == intents)
  }

  @Test(arguments: [nil, "", "nonsense", "stripe/charge", "tempo/*;q=0", "tempo/charge;q=2", "/"])
  func allOffersInTheRoutesOrderWhenNothingIsWantedOrReadable(accept: String?) async throws {
    #expect(try await Stage().intents(accept) == ["session", "charge"])
    let reversed = try await Stage([Self.chargeOffer, Self.sessionOffer])
    #expect(try await reversed.intents(accept) == ["charge", "session"])
  }

  @Test func theOnlyOfferOfARouteIsNotRanked() async throws {
    let stage = try await Stage([Self.sessionOffer])
    #expect(try await stage.intents("tempo/charge") == ["session"])
    #expect(try await stage.intents("tempo/session;q=0") == ["session"])
  }

  @Test func theProblemIsThatOfTheFirstOfferShown() async throws {
    let stage = try await Stage()
    let outcome = await stage.ask("tempo/charge")
    try PipelineTests.expectRefusal(outcome, .paymentRequired, detail: "Payment is required (once).")
    let other = await stage.ask(nil)
    try PipelineTests.expectRefusal(
      other, .paymentRequired, detail: "Payment is required (by the request).", challenges: 2)
  }

  /// Accept-Payment ranks what is offered; what is redeemed is the challenge's own business.
  @Test(arguments: [nil, "tempo/session", "tempo/charge", "stripe/*", "tempo/*;q=0"])
  func acceptPaymentNeverPreventsRedeeming(accept: String?) async throws {
    let stage = try await Stage()
    for (index, challenge) in try await stage.fixture.challenges(stage.route).enumerated() {
      var request = ServerFixture.paying(challenge, ["do": "pay"])
      request.headers[ProtocolHeaders.acceptPayment] = accept
      let outcome = await stage.fixture.server.authorize(request, for: stage.route)
      #expect(outcome.payment?.method == [stage.session.key, stage.charge.key][index])
    }
    #expect(stage.session.counts.verified == 1)
    #expect(stage.charge.counts.verified == 1)
  }

  @Test func aRefusedCredentialKeepsAllOffers() async throws {
    let stage = try await Stage()
    for challenge in try await stage.fixture.challenges(stage.route) {
      for payload in ["deny", "nonsense", "refuse", "crash"] {
        let request = ServerFixture.paying(challenge, ["do": .string(payload)])
        let response = try #require(await stage.fixture.server.authorize(request, for: stage.route).response)
        #expect(try ServerFixture.challenges(in: response).map(\.intent) == ["session", "charge"])
      }
      #expect(try await stage.intents(nil, authorization: "Payment nonsense") == ["session", "charge"])
      #expect(
        try await stage.intents("tempo/charge;q=0.5, tempo/session", authorization: "Payment e30").count == 2)
    }
  }

  @Test func offersThatACredentialCouldNotTellApartAreAnErrorAtStartUp() async throws {
    let stage = try await Stage()
    func route(_ offers: [Offer]) throws { _ = try stage.fixture.route(offers) }
    #expect(throws: ConfigurationError.self) { try route([Self.chargeOffer, Self.chargeOffer]) }
    // The description is not protected, so it tells nothing apart.
    #expect(throws: ConfigurationError.self) { try route([Self.chargeOffer, .charge("0.02")]) }
    #expect(throws: ConfigurationError.self) {
      try route([Self.sessionOffer, .session("0.010", per: "request")])
    }
    try route([Self.chargeOffer, .charge("0.03"), .charge("0.02", currency: "0xcc")])
    var other = Self.chargeOffer
    other.meta = ["tier": "gold"]
    try route([Self.chargeOffer, other])
  }

  @Test func whatIsPaidOnceIsForContentOnly() async throws {
    let options = RouteOptions(contentMethods: [.get])
    let stage = try await Stage(options: options)
    let challenges = try await stage.fixture.challenges(stage.route)
    for method in [HTTPRequest.Method.head, .post] {
      // Not offered …
      let request = PaymentRequest(method: method, path: "/items/1")
      #expect(try await stage.fixture.challenges(stage.route, request).map(\.intent) == ["session"])
      // … and not taken: nothing is verified, so nothing can be paid for nothing.
      let paying = ServerFixture.paying(challenges[1], ["do": "pay"], method: method)
      let outcome = await stage.fixture.server.authorize(paying, for: stage.route)
      #expect(outcome.label == "problem")
      #expect(outcome.problem?.code == .methodNotAllowed)
    }
    #expect(stage.charge.counts.verified == 0)
    let alone = try await Stage([Self.chargeOffer], options: options)
    let refused = await alone.fixture.server.authorize(
      PaymentRequest(method: .head, path: "/items/1"), for: alone.route)
    #expect(refused.response?.status == 405)
    #expect(refused.response?.headers[.allow] == "GET")
    #expect(!alone.route.hasManagement)
    #expect(stage.route.hasManagement)
  }

  // MARK: Body

  private static func post(_ body: String?) -> PaymentRequest {
    PaymentRequest(method: .post, path: "/items/1", body: body.map { Array($0.utf8) })
  }

  @Test func theBodyIsBoundByDefaultForWhatIsPaidOnceOnly() async throws {
    let stage = try await Stage(method: .post)
    let challenges = try await stage.fixture.challenges(stage.route, Self.post("hello"))
    #expect(challenges.map(\.digest) == [nil, BodyDigest.compute(Array("hello".utf8))])
    #expect(stage.route.collectsBody)
    #expect(try await !Stage([Self.sessionOffer]).route.collectsBody)
    for (body, isPaid) in [("hello", true), ("other", false), ("", false)] {
      let outcome = await stage.fixture.server.authorize(
        ServerFixture.paying(challenges[1], ["do": "pay"], method: .post, body: Array(body.utf8)),
        for: stage.route)
      #expect((outcome.payment != nil) == isPaid, "\(body)")
      if !isPaid { try PipelineTests.expectRefusal(outcome, .invalidChallenge, challenges: 2) }
    }
    let session = await stage.fixture.server.authorize(
      ServerFixture.paying(challenges[0], ["do": "pay"], method: .post, body: Array("other".utf8)),
      for: stage.route)
    #expect(session.payment != nil)
  }

  @Test func whatIsPaidForARequestWithoutABodyBuysNoneWithOne() async throws {
    let stage = try await Stage([Self.chargeOffer], method: .post)
    let challenge = try await stage.fixture.challenges(stage.route, Self.post(""))[0]
    #expect(challenge.digest == nil)
    let other = await stage.fixture.server.authorize(
      ServerFixture.paying(challenge, ["do": "pay"], method: .post, body: Array("x".utf8)), for: stage.route)
    try PipelineTests.expectRefusal(other, .invalidChallenge)
    let same = await stage.fixture.server.authorize(
      ServerFixture.paying(challenge, ["do": "pay"], method: .post, body: []), for: stage.route)
    #expect(same.payment != nil)
    #expect(stage.charge.counts.verified == 1)
  }

  @Test func theBindingCanBeGivenUp() async throws {
    for stage in [
      try await Stage([Self.chargeOffer], method: .post, options: RouteOptions(bodyBinding: .none)),
      try await Stage([Self.chargeOffer], method: .post, compatibility: Compatibility(bodyBinding: false)),
    ] {
      #expect(!stage.route.collectsBody)
      let challenge = try await stage.fixture.challenges(stage.route, Self.post("hello"))[0]
      #expect(challenge.digest == nil)
      let outcome = await stage.fixture.server.authorize(
        ServerFixture.paying(challenge, ["do": "pay"], method: .post, body: Array("other".utf8)),
        for: stage.route)
      #expect(outcome.payment != nil)
    }
  }

  @Test func theScopeIsBoundByDefault() async throws {
    let stage = try await Stage()
    let elsewhere = try stage.fixture.route(
      [Self.sessionOffer, Self.chargeOffer], method: .get, pattern: "/other")
    for challenge in try await stage.fixture.challenges(stage.route) {
      #expect(try challenge.opaqueMap()?["_mppx_scope"] == "GET /items/:id")
      let outcome = await stage.fixture.server.authorize(
        ServerFixture.paying(challenge, ["do": "pay"], target: "/other"), for: elsewhere)
      try PipelineTests.expectRefusal(
        outcome, .invalidChallenge,
        detail:
          "Challenge \"\(challenge.id)\" is invalid: credential opaque does not match this route's requirements.",
        challenges: 2)
    }
    #expect(stage.charge.counts.verified == 0)
  }

  @Test func aBodyOverTheLimitIsRefusedBeforeAnyPaymentWork() async throws {
    let stage = try await Stage([Self.chargeOffer], method: .post, limits: ServerLimits(maxBodyBytes: 5))
    let challenge = try await stage.fixture.challenges(stage.route, Self.post("hello"))[0]
    let large = ServerFixture.paying(challenge, ["do": "pay"], method: .post, body: Array("hello!".utf8))
    let outcome = await stage.fixture.server.authorize(large, for: stage.route)
    #expect(outcome.response?.status == 413)
    #expect(outcome.problem?.code == .contentTooLarge)
    #expect(outcome.response?.headers[.wwwAuthenticate] == nil)
    var declared = PaymentRequest(method: .post, path: "/items/1", hasBody: true)
    declared.headers[.contentLength] = "6"
    #expect(await stage.fixture.server.authorize(declared, for: stage.route).response?.status == 413)
    #expect(stage.charge.counts.verified == 0)
  }

  @Test func aBodyThatWasNotCollectedIsAFaultOfTheAdapterAndNotPaidFor() async throws {
    let stage = try await Stage([Self.chargeOffer], method: .post)
    let request = PaymentRequest(method: .post, path: "/items/1", hasBody: true)
    let outcome = await stage.fixture.server.authorize(request, for: stage.route)
    #expect(outcome.response?.status == 500)
    #expect(outcome.response?.headers[.wwwAuthenticate] == nil)
  }
}
