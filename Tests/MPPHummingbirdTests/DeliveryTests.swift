import HTTPTypes
import Hummingbird
import MPPCore
import MPPHummingbird
import NIOCore
import ServerTestSupport
import Testing

/// What becomes of the hold when the response never arrives.
struct DeliveryTests {
  /// Opens once.
  struct Gate: Sendable {
    let stream: AsyncStream<Void>
    let continuation: AsyncStream<Void>.Continuation
    init() { (stream, continuation) = AsyncStream.makeStream() }
    func open() { continuation.finish() }
    func wait() async { for await _ in stream {} }
  }

  /// A context that knows its connection.
  struct ChannelContext: PaidContext {
    var coreContext: CoreRequestContextStorage
    var paymentIfPresent: Payment?
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
      coreContext = .init(source: source)
      channel = source.channel
    }
  }

  @Test func droppedConnectionIsNotCharged() async throws {
    let fixture = try await ServerFixture()
    let (started, left) = (Gate(), Gate())
    let router = Router(context: ChannelContext.self)
    router.group("slow").add(middleware: fixture.server.session("0.01", per: "request"))
      .get { _, context -> Response in
        let loop = context.channel.eventLoop
        started.open()
        await left.wait()
        return Response(
          status: .ok,
          body: ResponseBody { writer in
            // Each chunk waits for the event loop, so that the writer cannot outrun it: a write returns when
            // it is queued. What is sent to nobody before that shows is far below what is charged.
            let chunk = ByteBuffer(repeating: 0x61, count: 1 << 8)
            for _ in 0..<1 << 20 {
              try await writer.write(chunk)
              try await loop.submit {}.get()
            }
            try await writer.finish(nil)
          })
      }
    try await LiveServer.run(router, fixture.server) { server in
      let events = fixture.server.events.subscribe().events
      let challenge = try PaidRouteTests.challenge(try await server.exchange("GET", "/slow"))
      try await server.sendAndLeave(
        "GET", "/slow", headers: PaidRouteTests.authorization(challenge, "pay"),
        when: { await started.wait() })
      left.open()
      #expect(await PaidRouteTests.ending(events) == "released")
      #expect(fixture.method.counts == .init(verified: 1, held: 1, released: 1))
    }
  }

  /// A handler that took longer than its lease, and a close meanwhile: nothing of the content is sent, and paying again is (`01` §11).
  @Test func aPriceThatWasGivenBackIsAskedForAnew() async throws {
    let fixture = try await ServerFixture()
    let router = Router(context: PaidRequestContext.self)
    router.group("ping").add(middleware: fixture.server.session("0.01", per: "request"))
      .get { _, _ in "pong" }
    try await LiveServer.run(router, fixture.server) { server in
      let challenge = try PaidRouteTests.challenge(try await server.exchange("GET", "/ping"))
      let response = try await server.exchange(
        "GET", "/ping", headers: PaidRouteTests.authorization(challenge, "payAndLose"))
      #expect(response.status == 410)
      #expect(!response.body.contains("pong"))
      #expect(response.headers[.cacheControl] == "no-store")
      let fresh = try PaidRouteTests.challenge(response)
      #expect(response.body.contains(fresh.id))
      let paid = try await server.exchange(
        "GET", "/ping", headers: PaidRouteTests.authorization(fresh, "pay"))
      #expect(paid.body == "pong")
    }
  }

  /// Replaces every response, as an error page middleware might.
  struct Replacing: RouterMiddleware {
    typealias Context = PaidRequestContext
    func handle(
      _ request: Request, context: PaidRequestContext,
      next: (Request, PaidRequestContext) async throws -> Response
    ) async throws -> Response {
      let response = try await next(request, context)
      return response.status == .ok ? Response(status: .badGateway) : response
    }
  }

  @Test func discardedResponseIsNotCharged() async throws {
    let fixture = try await ServerFixture()
    let router = Router(context: PaidRequestContext.self)
    router.add(middleware: Replacing())
    router.group("ping").add(middleware: fixture.server.session("0.01", per: "request"))
      .get { _, _ in "pong" }
    try await LiveServer.run(router, fixture.server) { server in
      let events = fixture.server.events.subscribe().events
      let challenge = try PaidRouteTests.challenge(try await server.exchange("GET", "/ping"))
      let response = try await server.exchange(
        "GET", "/ping", headers: PaidRouteTests.authorization(challenge, "pay"))
      #expect(response.status == 502)
      #expect(await PaidRouteTests.ending(events) == "released")
    }
    await fixture.server.shutdown()
    #expect(fixture.method.counts == .init(verified: 1, held: 1, released: 1))
  }

  @Test func boundBodyOverTheLimitIs413() async throws {
    let fixture = try await ServerFixture(limits: ServerLimits(maxBodyBytes: 16))
    let router = Router(context: PaidRequestContext.self)
    router.group("upload").add(
      middleware: fixture.server.session(
        "0.01", per: "request", options: RouteOptions(bodyBinding: .digest))
    ).post { _, _ in "stored" }
    try await LiveServer.run(router, fixture.server) { server in
      let large = try await server.exchange("POST", "/upload", body: String(repeating: "x", count: 17))
      #expect(large.status == 413)
      #expect(large.headers[.contentType] == "application/problem+json")
      let small = try await server.exchange("POST", "/upload", body: "hello")
      let challenge = try PaidRouteTests.challenge(small)
      let headers = PaidRouteTests.authorization(challenge, "pay")
      #expect(try await server.exchange("POST", "/upload", headers: headers, body: "other").status == 402)
      #expect(try await server.exchange("POST", "/upload", headers: headers, body: "hello").status == 200)
    }
  }

  @Test func middlewareBehindTheGateRunsForPaidContentOnly() async throws {
    let fixture = try await ServerFixture()
    let router = Router(context: PaidRequestContext.self)
    router.group("ping").add(middleware: fixture.server.session("0.01", per: "request"))
      .add(middleware: Replacing()).get { _, _ in "pong" }
    try await LiveServer.run(router, fixture.server) { server in
      let events = fixture.server.events.subscribe().events
      let unpaid = try await server.exchange("GET", "/ping")
      #expect(unpaid.status == 402)
      let response = try await server.exchange(
        "GET", "/ping", headers: PaidRouteTests.authorization(try PaidRouteTests.challenge(unpaid), "pay"))
      #expect(response.status == 502)
      #expect(await PaidRouteTests.ending(events) == "released")
    }
  }
}
