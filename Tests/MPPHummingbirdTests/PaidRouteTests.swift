import HTTPTypes
import Hummingbird
import MPPCore
import MPPHummingbird
import NIOCore
import ServerTestSupport
import Synchronization
import Testing

/// Paid routes over a real socket with a fake method.
struct PaidRouteTests {
  /// How often the content handler ran.
  final class Runs: Sendable {
    private let count = Mutex(0)
    var value: Int { count.withLock { $0 } }
    func add() { count.withLock { $0 += 1 } }
  }

  static func router(_ payments: PaymentServer, _ runs: Runs) -> Router<PaidRequestContext> {
    let router = Router(context: PaidRequestContext.self)
    router.get("free") { _, context in context.paymentIfPresent == nil ? "free" : "paid" }
    router.group("items").add(middleware: payments.session("0.01", per: "request"))
      .get(":id") { _, context in
        runs.add()
        return "item for \(context.payment.reference)"
      }
      .post(":id") { request, _ in
        runs.add()
        let body = try await request.body.collect(upTo: 1024)
        return "posted \(String(buffer: body))"
      }
    router.group("ping").add(middleware: payments.session("0.01", per: "request"))
      .get { request, _ -> Response in
        runs.add()
        switch request.uri.queryParameters["fail"] {
        case "notFound": throw HTTPError(.notFound)
        case "crash": throw FixtureError(description: "crash")
        case "cancel": throw CancellationError()
        case "unavailable": return Response(status: .serviceUnavailable)
        case "badRequest": return Response(status: .badRequest)
        case "stream":
          return Response(
            status: .ok,
            body: ResponseBody { writer in
              try await writer.write(ByteBuffer(string: "first"))
              throw FixtureError(description: "stream broke")
            })
        default: return Response(status: .ok, body: ResponseBody(byteBuffer: ByteBuffer(string: "pong")))
        }
      }
    return router
  }

  static func withServer(
    _ body: @escaping @Sendable (LiveServer, ServerFixture, Runs) async throws -> Void
  ) async throws {
    let fixture = try await ServerFixture()
    let runs = Runs()
    try await LiveServer.run(router(fixture.server, runs), fixture.server) { server in
      try await body(server, fixture, runs)
    }
  }

  static func challenge(_ response: RawResponse) throws -> Challenge {
    try #require(try ChallengeList(fields: response.headers).challenges.first)
  }

  static func authorization(_ challenge: Challenge, _ action: String) -> [String: String] {
    ["Authorization": Credential(challenge: challenge, payload: ["do": .string(action)]).serialized()]
  }

  /// The next event that ends a payment.
  static func ending(_ events: AsyncStream<PaymentEvent>) async -> String? {
    for await event in events {
      switch event {
      case .delivered: return "delivered"
      case .released: return "released"
      default: continue
      }
    }
    return nil
  }

  @Test func unpaidRequestsOfEveryMethodAreChallenged() async throws {
    try await Self.withServer { server, fixture, runs in
      for method in ["GET", "POST", "HEAD"] {
        let response = try await server.exchange(method, "/items/1")
        #expect(response.status == 402)
        #expect(response.headers[.cacheControl] == "no-store")
        #expect(response.body.isEmpty == (method == "HEAD"))
        let expected = method == "POST" ? "POST /items/:id" : "GET /items/:id"
        #expect(try Self.challenge(response).opaqueMap() == ["_mppx_scope": .string(expected)])
      }
      #expect(try await server.exchange("GET", "/free").body == "free")
      #expect(runs.value == 0)
      #expect(fixture.method.counts.verified == 0)
    }
  }

  @Test func paidContentIsServedWithReceiptAndCharged() async throws {
    try await Self.withServer { server, fixture, runs in
      let events = fixture.server.events.subscribe().events
      let challenge = try Self.challenge(try await server.exchange("GET", "/items/1"))
      let response = try await server.exchange(
        "GET", "/items/7", headers: Self.authorization(challenge, "pay"))
      #expect(response.status == 200)
      #expect(response.body == "item for ref")
      #expect(response.headers[ProtocolHeaders.paymentReceipt] == "cmVjZWlwdA")
      #expect(response.headers[.cacheControl] == "private")
      #expect(await Self.ending(events) == "delivered")
      #expect(fixture.method.counts == .init(verified: 1, held: 1, committed: 1))
      #expect(runs.value == 1)
    }
  }

  @Test func bodiesReachTheHandlerOfAPaidPost() async throws {
    try await Self.withServer { server, _, _ in
      let challenge = try Self.challenge(try await server.exchange("POST", "/items/1", body: "x"))
      let response = try await server.exchange(
        "POST", "/items/1", headers: Self.authorization(challenge, "pay"), body: "hello")
      #expect(response.status == 200)
      #expect(response.body == "posted hello")
    }
  }

  @Test(arguments: [
    ("notFound", 404), ("crash", 500), ("cancel", 500), ("unavailable", 503),
  ]) func failedHandlersAreNotCharged(_ failure: String, _ status: Int) async throws {
    try await Self.withServer { server, fixture, runs in
      let events = fixture.server.events.subscribe().events
      let challenge = try Self.challenge(try await server.exchange("GET", "/ping"))
      let response = try await server.exchange(
        "GET", "/ping?fail=\(failure)", headers: Self.authorization(challenge, "pay"))
      #expect(response.status == status)
      #expect(response.headers[ProtocolHeaders.paymentReceipt] == nil)
      #expect(await Self.ending(events) == "released")
      #expect(fixture.method.counts == .init(verified: 1, held: 1, released: 1))
      #expect(runs.value == 1)
    }
  }

  @Test func answersBelow500AreChargedAndErrorsCarryNoReceipt() async throws {
    try await Self.withServer { server, fixture, _ in
      let events = fixture.server.events.subscribe().events
      let challenge = try Self.challenge(try await server.exchange("GET", "/ping"))
      let response = try await server.exchange(
        "GET", "/ping?fail=badRequest", headers: Self.authorization(challenge, "pay"))
      #expect(response.status == 400)
      #expect(response.headers[ProtocolHeaders.paymentReceipt] == nil)
      #expect(await Self.ending(events) == "delivered")
    }
  }

  @Test func brokenBodyIsNotCharged() async throws {
    try await Self.withServer { server, fixture, _ in
      let events = fixture.server.events.subscribe().events
      let challenge = try Self.challenge(try await server.exchange("GET", "/ping"))
      _ = try? await server.exchange(
        "GET", "/ping?fail=stream", headers: Self.authorization(challenge, "pay"))
      #expect(await Self.ending(events) == "released")
      #expect(fixture.method.counts == .init(verified: 1, held: 1, released: 1))
    }
  }

  @Test func managementNeverRunsTheHandler() async throws {
    try await Self.withServer { server, fixture, runs in
      let get = try Self.challenge(try await server.exchange("GET", "/items/1"))
      // POST is content of its own here, the challenge is GET's; and a path whose only content is GET.
      for target in ["/items/1", "/items/1?q=1"] {
        let response = try await server.exchange(
          "POST", target,
          headers: Self.authorization(get, "manage").merging(["Content-Length": "0"]) { a, _ in a })
        #expect(response.status == 204)
        #expect(response.headers[ProtocolHeaders.paymentReceipt] == "bWFuYWdlZA")
        #expect(response.headers[.contentLength] == nil)
      }
      let ping = try Self.challenge(try await server.exchange("GET", "/ping"))
      for (method, target) in [("POST", "/ping"), ("POST", "/ping?x=1"), ("HEAD", "/ping?x=1")] {
        let response = try await server.exchange(method, target, headers: Self.authorization(ping, "pay"))
        #expect(response.status == 204, "\(method) \(target)")
      }
      #expect(runs.value == 0)
      #expect(fixture.method.counts.held == 0)
    }
  }

  /// One rule for the framing of a body and for what a request is for (`04` §17, B4).
  @Test(arguments: ["0", "00", "000"]) func aLengthOfZerosIsNoBody(_ length: String) async throws {
    try await Self.withServer { server, fixture, runs in
      let ping = try Self.challenge(try await server.exchange("GET", "/ping"))
      let response = try await server.exchange(
        "POST", "/ping",
        headers: Self.authorization(ping, "pay").merging(["Content-Length": length]) { a, _ in a })
      #expect(response.status == 204)
      #expect(runs.value == 0)
      #expect(fixture.method.counts.held == 0)
    }
  }

  @Test func twoCredentialsAre400AndNothingRuns() async throws {
    try await Self.withServer { server, fixture, runs in
      let challenge = try Self.challenge(try await server.exchange("GET", "/ping"))
      let value = Self.authorization(challenge, "pay")["Authorization"] ?? ""
      let response = try await server.exchange(
        "GET", "/ping", headers: ["Authorization": value + ", " + value])
      #expect(response.status == 400)
      #expect(response.headers[.wwwAuthenticate] != nil)
      #expect(runs.value == 0)
      #expect(fixture.method.counts.verified == 0)
    }
  }

  @Test func unreachableLedgerIs503WithAProblemDocument() async throws {
    try await Self.withServer { server, _, runs in
      let challenge = try Self.challenge(try await server.exchange("GET", "/ping"))
      let response = try await server.exchange(
        "GET", "/ping", headers: Self.authorization(challenge, "store"))
      #expect(response.status == 503)
      #expect(response.headers[.contentType] == "application/problem+json")
      #expect(runs.value == 0)
    }
  }
}
