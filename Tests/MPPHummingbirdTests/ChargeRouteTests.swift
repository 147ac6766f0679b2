import HTTPTypes
import Hummingbird
import MPPCore
import MPPHummingbird
import NIOCore
import ServerTestSupport
import Testing

/// Routes behind `payments.charge`, over a real socket with a fake method.
struct ChargeRouteTests {
  private static func fixture(_ limits: ServerLimits = ServerLimits()) async throws -> ServerFixture {
    try await ServerFixture(
      method: FakeMethod(key: MethodKey(name: "tempo", intent: "charge"), isOneTime: true),
      others: [FakeMethod()], limits: limits)
  }

  private static func echo(
    _ fixture: ServerFixture, _ options: RouteOptions = RouteOptions(), _ runs: PaidRouteTests.Runs = .init()
  ) -> Router<PaidRequestContext> {
    let router = Router(context: PaidRequestContext.self)
    router.group("echo").add(middleware: fixture.server.charge("0.01", options: options))
      .get { _, context -> String in
        runs.add()
        return "\(context.payment.method)"
      }
      .post { request, _ -> String in
        runs.add()
        return String(buffer: try await request.body.collect(upTo: 1024))
      }
    return router
  }

  @Test func aChargedRequestIsServedOnceItIsPaid() async throws {
    let fixture = try await Self.fixture()
    try await LiveServer.run(Self.echo(fixture), fixture.server) { server in
      let unpaid = try await server.exchange("GET", "/echo")
      #expect(unpaid.status == 402)
      let challenge = try PaidRouteTests.challenge(unpaid)
      #expect(challenge.intent == "charge")
      let paid = try await server.exchange(
        "GET", "/echo", headers: PaidRouteTests.authorization(challenge, "pay"))
      #expect(paid.status == 200)
      #expect(paid.body == "tempo/charge")
      #expect(paid.headers[ProtocolHeaders.paymentReceipt] != nil)
    }
  }

  @Test func aFailureChargedBeforehandCarriesItsReceiptWhereErrorsDo() async throws {
    let fixture = try await ServerFixture(
      method: FakeMethod(key: MethodKey(name: "tempo", intent: "charge"), isOneTime: true),
      compatibility: Compatibility(receiptOnErrors: true))
    let router = Router(context: PaidRequestContext.self)
    router.group("down")
      .add(middleware: fixture.server.charge("0.01", options: RouteOptions(charging: .beforeHandler)))
      .get { _, _ in Response(status: .serviceUnavailable) }
    try await LiveServer.run(router, fixture.server) { server in
      let challenge = try PaidRouteTests.challenge(try await server.exchange("GET", "/down"))
      let answer = try await server.exchange(
        "GET", "/down", headers: PaidRouteTests.authorization(challenge, "pay"))
      #expect(answer.status == 503)
      #expect(answer.headers[ProtocolHeaders.paymentReceipt] != nil)
      #expect(fixture.method.counts.committed == 1)
    }
  }

  @Test func theBodyThatWasPaidForIsTheHandlersAndNoOtherIs() async throws {
    let fixture = try await Self.fixture()
    let runs = PaidRouteTests.Runs()
    try await LiveServer.run(Self.echo(fixture, RouteOptions(), runs), fixture.server) { server in
      let challenge = try PaidRouteTests.challenge(try await server.exchange("POST", "/echo", body: "hello"))
      #expect(challenge.digest == BodyDigest.compute(Array("hello".utf8)))
      let headers = PaidRouteTests.authorization(challenge, "pay")
      for body in ["other", "", nil] {
        #expect(try await server.exchange("POST", "/echo", headers: headers, body: body).status == 402)
      }
      #expect(runs.value == 0)
      #expect(fixture.method.counts.verified == 0)
      let paid = try await server.exchange("POST", "/echo", headers: headers, body: "hello")
      #expect(paid.status == 200)
      #expect(paid.body == "hello")
    }
  }

  /// Nothing of such a request is read: neither its body, nor its credential.
  @Test func aBodyThatIsAnnouncedTooLargeIsRefusedUnread() async throws {
    let fixture = try await Self.fixture(ServerLimits(maxBodyBytes: 16))
    try await LiveServer.run(Self.echo(fixture), fixture.server) { server in
      let challenge = try PaidRouteTests.challenge(try await server.exchange("POST", "/echo", body: "hello"))
      var headers = PaidRouteTests.authorization(challenge, "pay")
      headers["Content-Length"] = "17"
      // The body never comes: only what is announced can be judged.
      let refused = try await server.exchange("POST", "/echo", headers: headers)
      #expect(refused.status == 413)
      #expect(refused.headers[.wwwAuthenticate] == nil)
      #expect(fixture.method.counts.verified == 0)
    }
  }

  /// RFC 9110 §10.1.1. Whose body will not be read is not asked for it.
  @Test func aClientThatWaitsWithItsBodyIsAskedForIt() async throws {
    let fixture = try await Self.fixture(ServerLimits(maxBodyBytes: 16))
    try await LiveServer.run(Self.echo(fixture), fixture.server) { server in
      let challenge = try PaidRouteTests.challenge(try await server.exchange("POST", "/echo", body: "hello"))
      let paying = PaidRouteTests.authorization(challenge, "pay")["Authorization"] ?? ""
      try await KeepAliveClient(port: server.port).open { conversation in
        let outbound = conversation.outbound
        func announce(_ length: Int) async throws {
          let head = """
            POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(length)\r\nExpect: 100-continue\r
            Authorization: \(paying)\r\n\r\n
            """
          try await outbound.write(ByteBuffer(string: head))
        }
        for _ in 0..<2 {
          try await announce(5)
          let asked = try await conversation.next()
          #expect(asked.status == 100)
          try await outbound.write(ByteBuffer(string: "hello"))
          let paid = try await conversation.next()
          #expect(paid.status == 200)
          #expect(paid.body == "hello")
        }
        try await announce(17)
        let refused = try await conversation.next()
        #expect(refused.status == 413)
      }
    }
  }

  @Test func aPathThatOnlyChargesHasNoRequestsOfThePaymentProtocol() async throws {
    let fixture = try await Self.fixture()
    let router = Router(context: PaidRequestContext.self)
    router.group("once").add(middleware: fixture.server.charge("0.01")).get { _, _ in "paid" }
    router.group("many").add(middleware: fixture.server.session("0.01", per: "request")).get { _, _ in "paid"
    }
    router.group("both").add(
      middleware: try fixture.server.gate(offers: [.charge("0.01"), .session("0.01", per: "request")])
    ).get { _, _ in "paid" }
    // What is not taken for the protocol is free for the application.
    router.post("once") { _, _ in "mine" }
    try await LiveServer.run(router, fixture.server) { server in
      #expect(try await server.exchange("POST", "/once", body: "").body == "mine")
      #expect(try await server.exchange("HEAD", "/once").status == 404)
      #expect(try await server.exchange("HEAD", "/many").status == 402)
      let offered = try ChallengeList(fields: try await server.exchange("HEAD", "/both").headers).challenges
      #expect(offered.map(\.intent) == ["session"])
      // A charge for the content, presented where no content is: nothing is verified, so nothing is paid.
      let all = try ChallengeList(fields: try await server.exchange("GET", "/both").headers).challenges
      let charge = try #require(all.first { $0.intent == "charge" })
      for method in ["HEAD", "POST"] {
        let refused = try await server.exchange(
          method, "/both", headers: PaidRouteTests.authorization(charge, "pay"))
        #expect(refused.status == 405)
        #expect(refused.headers[.allow] == "GET")
      }
      #expect(fixture.method.counts.verified == 0)
    }
  }
}
