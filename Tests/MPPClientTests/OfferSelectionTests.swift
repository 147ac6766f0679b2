import HTTPTypes
import MPPClient
import MPPCore
import MPPTesting
import Testing

/// Which offer of a 402 is paid, if any (`01` §18.3, §18.4).
@Suite("Selection of an offer")
struct OfferSelectionTests {
  /// A client with two ways to pay, at a seller with these offers.
  private struct Stage {
    let seller: FakeSeller
    let charge = FakeClientMethod("tempo", "charge")
    let session = FakeClientMethod("tempo", "session")
    let client: PaymentClient

    init(
      _ challenges: [String], policy: SpendPolicy? = nil, options: ClientOptions = ClientOptions(),
      answer: (@Sendable (HTTPRequest) -> HTTPResponse?)? = nil
    ) throws {
      let seller = FakeSeller(challenges, answer: answer)
      self.seller = seller
      let methods: [any ClientMethod] = [charge, session]
      client = try PaymentClient(
        methods: [ClientMethodProvider { _ in methods }],
        spending: policy ?? SpendPolicy.upTo("0.001", perDay: "1"), journal: .volatile, transport: seller,
        options: options, clock: ManualClock())
    }

    var paid: [String] { (charge.paid + session.paid).map(\.challenge.id) }
  }

  private static let url = "https://shop.example/item"
  private static let acceptPayment = ProtocolHeaders.acceptPayment

  private func get(_ stage: Stage, _ url: String = url, headers: HTTPFields = [:]) async throws
    -> PaidResponse
  {
    try await stage.client.execute(.get(url, headers: headers))
  }

  @Test("Every request says what the client can pay with")
  func announces() async throws {
    let stage = try Stage([FakeSeller.challenge("a")])
    _ = try await get(stage)
    #expect(
      stage.seller.seen.map { $0.request.headerFields[Self.acceptPayment] } == [
        "tempo/charge, tempo/session", "tempo/charge, tempo/session",
      ])
  }

  @Test("Weights are announced, and ways the policy forbids are not")
  func announcesWeights() async throws {
    var options = ClientOptions()
    options.preferences = ["tempo/charge": try #require(PaymentWeight(0.25)), "tempo/session": .full]
    let stage = try Stage([], options: options)
    _ = try await get(stage)
    #expect(
      stage.seller.seen[0].request.headerFields[Self.acceptPayment] == "tempo/charge;q=0.25, tempo/session")
    let narrow = try Stage(
      [], policy: SpendPolicy.upTo("0.001", perDay: "1").paying(methods: ["tempo/session"]), options: options)
    _ = try await get(narrow)
    #expect(narrow.seller.seen[0].request.headerFields[Self.acceptPayment] == "tempo/session")
  }

  @Test("Whom the policy does not pay, and who may not be paid over this connection, is told nothing")
  func announcesToThoseItMayPay() async throws {
    let policy = try SpendPolicy.upTo("0.001", perDay: "1").paying(origins: ["https://friend.example"])
    for (url, policy) in [(Self.url, policy), ("http://shop.example/item", nil)] {
      let stage = try Stage([], policy: policy)
      _ = try await get(stage, url)
      #expect(stage.seller.seen[0].request.headerFields[Self.acceptPayment] == nil)
    }
    var options = ClientOptions()
    options.sendsAcceptPayment = false
    let silent = try Stage([], options: options)
    _ = try await get(silent)
    #expect(silent.seller.seen[0].request.headerFields[Self.acceptPayment] == nil)
  }

  @Test("A preference for a way the client does not have is an error")
  func unknownPreference() throws {
    var options = ClientOptions()
    options.preferences = ["stripe/charge": .full]
    #expect(throws: AcceptPaymentError.self) { _ = try Stage([], options: options) }
  }

  @Test("Between equal weights the server's order decides")
  func serverOrder() async throws {
    let offers = [FakeSeller.challenge("a", "tempo/session"), FakeSeller.challenge("b", "tempo/charge")]
    let stage = try Stage(offers)
    _ = try await get(stage)
    #expect(stage.paid == ["a"])
    let reversed = try Stage(offers.reversed())
    _ = try await get(reversed)
    #expect(reversed.paid == ["b"])
  }

  @Test(
    "The client's weights go before the server's order; weight zero is never paid", arguments: [false, true])
  func weights(isReversed: Bool) async throws {
    let offers = [FakeSeller.challenge("a", "tempo/session"), FakeSeller.challenge("b", "tempo/charge")]
    var options = ClientOptions()
    options.preferences = ["tempo/session": try #require(PaymentWeight(0.5))]
    let stage = try Stage(isReversed ? offers.reversed() : offers, options: options)
    _ = try await get(stage)
    #expect(stage.paid == ["b"])
    options.preferences = ["tempo/session": .none]
    let never = try Stage([offers[0]], options: options)
    #expect(try await get(never).status.code == 402)
    #expect(never.paid.isEmpty)
  }

  @Test("A request's own Accept-Payment is not changed, and is what it is paid by")
  func ownHeader() async throws {
    let offers = [FakeSeller.challenge("a", "tempo/session"), FakeSeller.challenge("b", "tempo/charge")]
    let stage = try Stage(offers)
    _ = try await get(stage, headers: [Self.acceptPayment: "tempo/charge"])
    #expect(stage.paid == ["b"])
    #expect(stage.seller.seen.allSatisfy { $0.request.headerFields[Self.acceptPayment] == "tempo/charge" })
    let unreadable = try Stage(offers)
    _ = try await get(unreadable, headers: [Self.acceptPayment: "nonsense"])
    #expect(unreadable.paid == ["a"])
    #expect(unreadable.seller.seen[0].request.headerFields[Self.acceptPayment] == "nonsense")
  }

  @Test("An own header cannot bring back what the policy forbids")
  func ownHeaderAndPolicy() async throws {
    let policy = try SpendPolicy.upTo("0.001", perDay: "1").paying(methods: ["tempo/charge"])
    let stage = try Stage([FakeSeller.challenge("a", "tempo/session")], policy: policy)
    let error = await #expect(throws: PaymentClientError.self) {
      try await get(stage, headers: [Self.acceptPayment: "tempo/session"])
    }
    #expect(error?.code == .refusedByPolicy)
    #expect(stage.paid.isEmpty)
  }

  /// What the policy names is paid wherever it stands among the offers; what it does not name, never.
  static let narrowed: [(name: String, other: String)] = [
    ("method", FakeSeller.challenge("other", "tempo/session")),
    ("token", FakeSeller.challenge("other", currency: "0xee")),
    ("recipient", FakeSeller.challenge("other", recipient: "0xee")),
    ("maximum", FakeSeller.challenge("other", amount: "1001")),
  ]

  @Test(
    "The policy chooses by way, token, recipient and maximum, wherever the offer stands",
    arguments: narrowed.indices, [false, true])
  func policyChooses(index: Int, isReversed: Bool) async throws {
    let policy = try SpendPolicy.upTo("0.001", perDay: "1").paying(methods: ["tempo/charge"])
      .paying(tokens: ["0xAA"]).paying(recipients: ["0xBB"])
    let good = FakeSeller.challenge("good", amount: "1000")
    let offers = [Self.narrowed[index].other, good]
    let stage = try Stage(isReversed ? offers.reversed() : offers, policy: policy)
    let response = try await get(stage)
    #expect(response.payment?.amount == Amount(units: 1000))
    #expect(stage.paid == ["good"])
    #expect(stage.seller.credentials == ["Payment good"])

    let alone = try Stage([Self.narrowed[index].other], policy: policy)
    let error = await #expect(throws: PaymentClientError.self) { try await get(alone) }
    #expect(error?.code == .refusedByPolicy)
    #expect(alone.paid.isEmpty)
    #expect(alone.seller.credentials.isEmpty)
  }

  @Test("An expired or unreadable offer in front does not hide a live one")
  func expiredFirst() async throws {
    let stage = try Stage([
      FakeSeller.challenge("old", expires: "2020-01-01T00:00:00Z"), FakeSeller.challenge("bad", amount: "?"),
      "Payment nonsense", FakeSeller.challenge("live"),
    ])
    _ = try await get(stage)
    #expect(stage.paid == ["live"])
  }

  @Test("Offers over plain HTTP are paid on this machine only")
  func plainHTTP() async throws {
    for url in [
      "http://shop.example/", "http://127.0.0.1.example/", "http://192.168.0.1/", "http://localhost.example/",
    ] {
      let stage = try Stage([FakeSeller.challenge("a")])
      let error = await #expect(throws: PaymentClientError.self) { try await get(stage, url) }
      #expect(error?.code == .insecureTransport)
      #expect(stage.paid.isEmpty)
      #expect(stage.seller.credentials.isEmpty)
    }
    for url in ["http://127.0.0.1:8402/", "http://localhost/", "http://[::1]:80/"] {
      let stage = try Stage([FakeSeller.challenge("a")])
      _ = try await get(stage, url)
      #expect(stage.paid == ["a"])
    }
  }

  @Test("A redirect, before or after paying, is returned and never followed with a credential")
  func redirects() async throws {
    let moved = HTTPResponse(
      status: .temporaryRedirect, headerFields: [.location: "https://elsewhere.example/"])
    let before = try Stage([FakeSeller.challenge("a")]) { _ in moved }
    #expect(try await get(before).status == .temporaryRedirect)
    #expect(before.paid.isEmpty)
    let after = try Stage([FakeSeller.challenge("a")]) { request in
      request.headerFields[.authorization] == nil ? nil : moved
    }
    #expect(try await get(after).status == .temporaryRedirect)
    #expect(after.seller.seen.allSatisfy { $0.request.authority == "shop.example" })
    #expect(after.seller.seen.count == 2)
  }
}
