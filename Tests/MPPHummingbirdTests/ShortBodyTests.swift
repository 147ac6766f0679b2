import HTTPTypes
import Hummingbird
import MPPCore
import MPPHummingbird
import NIOCore
import ServerTestSupport
import Testing

/// A body that is shorter than its head says leaves its reader waiting: nothing of it is paid, and the connection ends.
@Suite(.timeLimit(.minutes(1))) struct ShortBodyTests {
  /// Makes bodies shorter and says so, as a compressing middleware does.
  struct Squeezing: RouterMiddleware {
    typealias Context = PaidRequestContext
    func handle(
      _ request: Request, context: PaidRequestContext,
      next: (Request, PaidRequestContext) async throws -> Response
    ) async throws -> Response {
      var response = try await next(request, context)
      guard request.uri.queryParameters["squeeze"] != nil else { return response }
      let body = response.body
      response.body = ResponseBody { writer in
        try await body.write(writer.map { _ in ByteBuffer(string: "p") })
      }
      return response
    }
  }

  private static func router(_ fixture: ServerFixture) -> Router<PaidRequestContext> {
    let router = Router(context: PaidRequestContext.self)
    router.add(middleware: Squeezing())
    func sell(_ path: String, _ response: @escaping @Sendable () -> Response) {
      router.group(RouterPath(path)).add(middleware: fixture.server.session("0.01", per: "request"))
        .get { _, _ in response() }
    }
    @Sendable func start(_ length: Int?, _ end: Bool?) -> ResponseBody {
      ResponseBody(contentLength: length) { writer in
        try await writer.write(ByteBuffer(repeating: 0x61, count: 1000))
        switch end {
        case true?: try await writer.finish(nil)
        case false?: try? await writer.finish(nil)
        case nil: break
        }
      }
    }
    sell("ping") { Response(status: .ok, body: ResponseBody(byteBuffer: ByteBuffer(string: "pong"))) }
    sell("declared") { Response(status: .ok, body: start(2000, true)) }
    sell("large") { Response(status: .ok, body: start(1 << 20, true)) }
    sell("swallowed") { Response(status: .ok, body: start(2000, false)) }
    sell("field") { Response(status: .ok, headers: [.contentLength: "2000"], body: start(nil, true)) }
    sell("unfinished") { Response(status: .ok, body: start(nil, nil)) }
    sell("unchanged") { Response(status: .notModified, headers: [.contentLength: "2000"]) }
    return router
  }

  /// Sends `target` on a connection, behind another paid request unless it is the first, and looks at what becomes of it.
  private static func check(
    _ target: String, isFirst: Bool, _ ending: String,
    _ body: @escaping @Sendable (inout KeepAliveClient.Conversation) async throws -> Void
  ) async throws {
    for isOneTime in [false, true] {
      let fixture = try await ServerFixture(method: FakeMethod(isOneTime: isOneTime))
      try await LiveServer.run(Self.router(fixture), fixture.server) { server in
        let events = fixture.server.events.subscribe().events
        let ping = try PaidRouteTests.challenge(try await server.exchange("GET", "/ping"))
        let challenge = try PaidRouteTests.challenge(try await server.exchange("GET", target))
        var iterator = events.makeAsyncIterator()
        try await KeepAliveClient(port: server.port).open { conversation in
          if !isFirst {
            _ = try await conversation.exchange([("/ping", PaidRouteTests.authorization(ping, "pay"))])
          }
          try await conversation.send([(target, PaidRouteTests.authorization(challenge, "pay"))])
          try await body(&conversation)
        }
        let expected = isFirst ? [ending] : ["delivered", ending]
        #expect(await WatchedDeliveryTests.endings(expected.count, &iterator) == expected)
      }
    }
  }

  @Test(arguments: ["declared", "large", "swallowed", "field", "unfinished"], [true, false])
  func aShortBodyIsNotChargedAndEndsTheConnection(_ path: String, _ isFirst: Bool) async throws {
    try await Self.check("/" + path, isFirst: isFirst, "released") { conversation in
      let text = String(buffer: try await conversation.rest())
      #expect(text.hasPrefix("HTTP/1.1 200"))
      #expect(!text.hasSuffix("0\r\n\r\n"))
    }
  }

  @Test(arguments: [true, false])
  func aBodyThatIsMadeShorterOnItsWayIsCharged(_ isFirst: Bool) async throws {
    try await Self.check("/ping?squeeze=1", isFirst: isFirst, "delivered") { conversation in
      try await conversation.skip(to: "1\r\np\r\n0\r\n\r\n")
    }
  }

  @Test(arguments: [true, false])
  func aStatusWithoutContentIsNotShort(_ isFirst: Bool) async throws {
    try await Self.check("/unchanged", isFirst: isFirst, "delivered") { conversation in
      let response = try await conversation.next()
      #expect(response.status == 304)
    }
  }
}
