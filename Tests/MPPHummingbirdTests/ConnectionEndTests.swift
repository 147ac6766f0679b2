import Dispatch
import HTTPTypes
import Hummingbird
import MPPCore
import MPPHummingbird
import NIOCore
import ServerTestSupport
import ServiceLifecycle
import Testing

/// Connections that the server ends: no paid response is cut off by it.
@Suite(.timeLimit(.minutes(1))) struct ConnectionEndTests {
  /// More than the sockets of both sides hold.
  private static let size = 32 << 20

  /// `/ping` answers at once; of `/big` everything is queued before the connection takes anything.
  private static func router(
    _ fixture: ServerFixture, _ queued: DeliveryTests.Gate
  ) -> Router<LeavingReaderTests.ConnectionContext> {
    let router = Router(context: LeavingReaderTests.ConnectionContext.self)
    let gate: () -> PaymentMiddleware<LeavingReaderTests.ConnectionContext> = {
      fixture.server.session("0.01", per: "request")
    }
    router.group("ping").add(middleware: gate()).get { _, _ in "pong" }
    router.group("big").add(middleware: gate()).get { _, context -> Response in
      let loop = context.channel.eventLoop
      return Response(
        status: .ok,
        body: ResponseBody(contentLength: size) { writer in
          let stopped = DispatchSemaphore(value: 0)
          loop.execute { stopped.wait() }
          defer {
            stopped.signal()
            queued.open()
          }
          try await writer.write(ByteBuffer(repeating: 0x61, count: size))
          try await writer.finish(nil)
        })
    }
    return router
  }

  /// Buys `/big` and reads nothing but its head.
  private static func buy(
    _ server: LiveServer, isFirst: Bool, _ queued: DeliveryTests.Gate,
    _ body: @escaping @Sendable (inout KeepAliveClient.Conversation) async throws -> Void
  ) async throws {
    let ping = try PaidRouteTests.challenge(try await server.exchange("GET", "/ping"))
    let big = try PaidRouteTests.challenge(try await server.exchange("GET", "/big"))
    try await KeepAliveClient(port: server.port).open { conversation in
      if !isFirst {
        _ = try await conversation.exchange([("/ping", PaidRouteTests.authorization(ping, "pay"))])
      }
      try await conversation.send([("/big", PaidRouteTests.authorization(big, "pay"))])
      await queued.wait()
      try await conversation.skip(to: "\r\n\r\n")
      try await body(&conversation)
    }
  }

  @Test(arguments: [true, false], [true, false])
  func aShutdownWaitsForAPaidResponseThatIsBeingRead(_ isFirst: Bool, _ isOneTime: Bool) async throws {
    let fixture = try await ServerFixture(method: FakeMethod(isOneTime: isOneTime))
    let queued = DeliveryTests.Gate()
    try await LiveServer.runGroup(Self.router(fixture, queued), fixture.server) { server, group in
      let events = fixture.server.events.subscribe().events
      try await Self.buy(server, isFirst: isFirst, queued) { conversation in
        #expect(fixture.method.counts.committed < (isFirst ? 1 : 2))
        await group.triggerGracefulShutdown()
        await server.listensNoMore()
        let rest = try await conversation.rest()
        #expect(rest.readableBytes > Self.size)
      }
      var iterator = events.makeAsyncIterator()
      let expected = isFirst ? ["delivered"] : ["delivered", "delivered"]
      #expect(await WatchedDeliveryTests.endings(expected.count, &iterator) == expected)
    }
  }

  @Test(arguments: [true, false], [true, false])
  func whatAShutdownCutsOffIsNotCharged(_ isFirst: Bool, _ isOneTime: Bool) async throws {
    let fixture = try await ServerFixture(method: FakeMethod(isOneTime: isOneTime))
    let queued = DeliveryTests.Gate()
    try await LiveServer.runGroup(
      Self.router(fixture, queued), fixture.server, grace: .milliseconds(100)
    ) { server, group in
      try await Self.buy(server, isFirst: isFirst, queued) { conversation in
        await group.triggerGracefulShutdown()
        while fixture.method.counts.released == 0, fixture.method.counts.committed < (isFirst ? 1 : 2) {
          await Task.yield()
        }
        #expect(fixture.method.counts.released == 1)
        #expect(fixture.method.counts.committed == (isFirst ? 0 : 1))
      }
    }
  }

  /// Who takes nothing of a long body and leaves is charged as before: much of it was on its way.
  @Test(arguments: [true, false], [true, false])
  func aReaderThatLeavesALongBodyPaysForIt(_ isFirst: Bool, _ isOneTime: Bool) async throws {
    let fixture = try await ServerFixture(method: FakeMethod(isOneTime: isOneTime))
    let queued = DeliveryTests.Gate()
    try await LiveServer.run(Self.router(fixture, queued), fixture.server) { server in
      let events = fixture.server.events.subscribe().events
      try await Self.buy(server, isFirst: isFirst, queued) { _ in }
      var iterator = events.makeAsyncIterator()
      let expected = isFirst ? ["delivered"] : ["delivered", "delivered"]
      #expect(await WatchedDeliveryTests.endings(expected.count, &iterator) == expected)
    }
  }

  /// NIO's decoder reads nothing behind it: whoever kept the connection would wait for ever.
  @Test func aRequestThatOffersAnotherProtocolIsTheLastOfItsConnection() async throws {
    let fixture = try await ServerFixture()
    try await LiveServer.run(Self.router(fixture, .init()), fixture.server) { server in
      let events = fixture.server.events.subscribe().events
      let challenge = try PaidRouteTests.challenge(try await server.exchange("GET", "/ping"))
      let upgrade = [
        "Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABkAAQAAP__",
      ]
      let paying = PaidRouteTests.authorization(challenge, "pay")
      for (count, headers) in [(0, upgrade), (0, upgrade.merging(paying) { a, _ in a }), (1, upgrade)] {
        try await KeepAliveClient(port: server.port).open { conversation in
          for _ in 0..<count {
            let before = try await conversation.exchange([("/ping", paying)])[0]
            #expect(before.status == 200)
          }
          try await conversation.send([("/ping", headers)])
          let response = try RawResponse(String(buffer: try await conversation.rest()))
          #expect(response.status == (headers["Authorization"] == nil ? 402 : 200))
          #expect(response.headers[.connection] == "close")
        }
      }
      var iterator = events.makeAsyncIterator()
      #expect(await WatchedDeliveryTests.endings(2, &iterator) == ["delivered", "delivered"])
    }
  }
}
