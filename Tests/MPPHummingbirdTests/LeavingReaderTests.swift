import HTTPTypes
import Hummingbird
import MPPCore
import MPPHummingbird
import NIOCore
import ServerTestSupport
import Testing

/// Who has the last byte may leave before the end of the response is written, and pays all the same.
struct LeavingReaderTests {
  struct ConnectionContext: PaidContext {
    var coreContext: CoreRequestContextStorage
    var paymentIfPresent: Payment?
    let connection: PaidConnection?
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
      coreContext = .init(source: source)
      connection = PaidConnection(source)
      channel = source.channel
    }
  }

  /// `/ping` answers at once; `/leave` is given up by its reader between the last byte and the end; `/early` before the last byte,
  /// `/late` long after the first, `/stream` after many of nobody knows how many, `/sip` after a few. `/broken` breaks off of itself.
  private static func router(
    _ fixture: ServerFixture, _ hasRead: DeliveryTests.Gate
  ) -> Router<ConnectionContext> {
    let router = Router(context: ConnectionContext.self)
    let gate: () -> PaymentMiddleware<ConnectionContext> = { fixture.server.session("0.01", per: "request") }
    router.group("ping").add(middleware: gate()).get { _, _ in "pong" }
    for (path, first, length) in [
      ("leave", 4, Int?.some(4)), ("endless", 4, nil), ("early", 4, 1 << 20), ("late", 1 << 17, 1 << 20),
      ("stream", 1 << 17, nil), ("sip", 4, nil), ("broken", 1 << 17, 1 << 20),
    ] {
      let isWhole = path == "leave" || path == "endless"
      router.group(RouterPath(path)).add(middleware: gate()).get { _, context -> Response in
        let channel = context.channel
        return Response(
          status: .ok,
          body: ResponseBody(contentLength: length) { writer in
            try await writer.write(ByteBuffer(string: "pong"))
            if first > 4 { try await writer.write(ByteBuffer(repeating: 0x61, count: first - 4)) }
            await hasRead.wait()
            if path == "broken" { throw HTTPError(.badGateway) }
            try? await channel.close().get()
            // A write returns when it is queued: one of the next notices that nobody is there.
            for _ in first..<(isWhole ? first : 1 << 20) {
              try await writer.write(ByteBuffer(string: "!"))
              try await channel.eventLoop.submit {}.get()
            }
            try await writer.finish(nil)
          })
      }
    }
    return router
  }

  @Test(arguments: [
    ("leave", true, "delivered"), ("leave", false, "delivered"), ("endless", true, "delivered"),
    ("endless", false, "delivered"), ("early", true, "released"), ("early", false, "released"),
    ("late", true, "delivered"), ("late", false, "delivered"), ("stream", true, "delivered"),
    ("stream", false, "delivered"), ("sip", true, "released"), ("sip", false, "released"),
    ("broken", true, "released"), ("broken", false, "released"),
  ])
  func aReaderThatLeavesIsChargedForMuchOfTheBodyOrAllOfIt(_ path: String, _ isFirst: Bool, _ ending: String)
    async throws
  {
    try await Self.expect(ending, of: path, isFirst, try await ServerFixture())
  }

  /// What is forgiven here would be bought once more, whole, by the same payment.
  @Test(arguments: [
    ("leave", "delivered"), ("endless", "delivered"), ("early", "delivered"), ("late", "delivered"),
    ("stream", "delivered"), ("sip", "delivered"), ("broken", "released"),
  ])
  func onePaymentForOneResponseIsUsedUpByItsFirstByte(_ path: String, _ ending: String) async throws {
    for isFirst in [true, false] {
      try await Self.expect(
        ending, of: path, isFirst, try await ServerFixture(method: FakeMethod(isOneTime: true)))
    }
  }

  private static func expect(
    _ ending: String, of path: String, _ isFirst: Bool, _ fixture: ServerFixture
  ) async throws {
    let hasRead = DeliveryTests.Gate()
    try await LiveServer.run(Self.router(fixture, hasRead), fixture.server) { server in
      let events = fixture.server.events.subscribe().events
      let ping = try PaidRouteTests.challenge(try await server.exchange("GET", "/ping"))
      let challenge = try PaidRouteTests.challenge(try await server.exchange("GET", "/" + path))
      var iterator = events.makeAsyncIterator()
      try await KeepAliveClient(port: server.port).open { conversation in
        if !isFirst {
          _ = try await conversation.exchange([("/ping", PaidRouteTests.authorization(ping, "pay"))])
        }
        try await conversation.send([("/" + path, PaidRouteTests.authorization(challenge, "pay"))])
        try await conversation.skip(to: "pong")
        hasRead.open()
      }
      let expected = isFirst ? [ending] : ["delivered", ending]
      #expect(await WatchedDeliveryTests.endings(expected.count, &iterator) == expected)
    }
  }
}
