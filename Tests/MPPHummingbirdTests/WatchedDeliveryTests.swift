import HTTPTypes
import Hummingbird
import MPPCore
import NIOCore
import ServerTestSupport
import Testing

@testable import MPPHummingbird

/// Connections that stay open: their paid responses leave in one write, and are charged when they have left.
@Suite(.timeLimit(.minutes(1))) struct WatchedDeliveryTests {
  /// Replaces responses on request, as an error page middleware might.
  struct Replacing: RouterMiddleware {
    typealias Context = PaidRequestContext
    func handle(
      _ request: Request, context: PaidRequestContext,
      next: (Request, PaidRequestContext) async throws -> Response
    ) async throws -> Response {
      var response = try await next(request, context)
      switch request.uri.queryParameters["replace"] {
      case "all": return Response(status: .ok, body: ResponseBody(byteBuffer: ByteBuffer(string: "other")))
      case "throw": throw HTTPError(.badGateway)
      case "status": response.status = .badGateway
      case "body":
        let body = response.body
        response.body = ResponseBody(contentLength: body.contentLength) { writer in
          try await body.write(writer.map { ByteBuffer(string: String(buffer: $0).uppercased()) })
        }
      default: break
      }
      return response
    }
  }

  static func router(_ fixture: ServerFixture) -> Router<PaidRequestContext> {
    let router = Router(context: PaidRequestContext.self)
    router.add(middleware: Replacing())
    router.get("free") { _, _ in "free" }
    router.group("ping").add(middleware: fixture.server.session("0.01", per: "request"))
      .get { request, _ -> Response in
        switch request.uri.queryParameters["answer"] {
        case "empty": Response(status: .ok)
        case "notFound": Response(status: .notFound)
        case "parts":
          Response(
            status: .ok,
            body: ResponseBody(contentLength: 4) { writer in
              try await writer.write(ByteBuffer(string: "po"))
              try await writer.write(ByteBuffer(string: "ng"))
              try await writer.finish(nil)
            })
        case "broken":
          Response(
            status: .ok,
            body: ResponseBody(contentLength: 4) { writer in
              try await writer.write(ByteBuffer(string: "po"))
              throw FixtureError(description: "broken")
            })
        default: Response(status: .ok, body: ResponseBody(byteBuffer: ByteBuffer(string: "pong")))
        }
      }
    return router
  }

  /// Runs `body` on a connection that is watched, with the header that pays and the events.
  static func withConnection(
    tasks: TaskPlace = .pool,
    _ body:
      @escaping @Sendable (
        inout KeepAliveClient.Conversation, [String: String], inout AsyncStream<PaymentEvent>.AsyncIterator
      ) async throws -> Void
  ) async throws {
    let fixture = try await ServerFixture()
    try await LiveServer.run(router(fixture), fixture.server, tasks: tasks) { server in
      let events = fixture.server.events.subscribe().events
      let challenge = try PaidRouteTests.challenge(try await server.exchange("GET", "/ping"))
      let paying = PaidRouteTests.authorization(challenge, "pay")
      try await KeepAliveClient(port: server.port).open { conversation in
        var events = events.makeAsyncIterator()
        // The first response makes the connection a watched one.
        #expect(try await conversation.exchange([("/ping", paying)])[0].body == "pong")
        #expect(await Self.endings(1, &events) == ["delivered"])
        try await body(&conversation, paying, &events)
      }
    }
  }

  /// The next events that end a payment.
  static func endings(
    _ count: Int, _ events: inout AsyncStream<PaymentEvent>.AsyncIterator
  ) async -> [String] {
    var endings: [String] = []
    while endings.count < count, let event = await events.next() {
      switch event {
      case .delivered: endings.append("delivered")
      case .released: endings.append("released")
      default: continue
      }
    }
    return endings
  }

  @Test(
    arguments: ["", "?answer=empty", "?answer=notFound", "?answer=parts", "?replace=body"],
    TaskPlace.allCases)
  func everyResponseIsChargedOnce(_ query: String, _ tasks: TaskPlace) async throws {
    try await Self.withConnection(tasks: tasks) { conversation, paying, events in
      for _ in 0..<3 {
        let response = try await conversation.exchange([("/ping" + query, paying)])[0]
        #expect(response.status == (query == "?answer=notFound" ? 404 : 200))
        #expect(await Self.endings(1, &events) == ["delivered"])
        #expect(try await conversation.exchange([("/free", paying)])[0].body == "free")
      }
    }
  }

  @Test(arguments: ["all", "throw", "status"], TaskPlace.allCases)
  func replacedResponsesAreNotChargedAndTheNextOneIs(_ kind: String, _ tasks: TaskPlace) async throws {
    try await Self.withConnection(tasks: tasks) { conversation, paying, events in
      for _ in 0..<3 {
        _ = try await conversation.exchange([("/ping?replace=\(kind)", paying)])
        #expect(await Self.endings(1, &events) == ["released"])
        _ = try await conversation.exchange([("/ping", paying)])
        #expect(await Self.endings(1, &events) == ["delivered"])
      }
    }
  }

  @Test(arguments: TaskPlace.allCases)
  func pipelinedResponsesAreToldApart(_ tasks: TaskPlace) async throws {
    try await Self.withConnection(tasks: tasks) { conversation, paying, events in
      let targets = [
        "/free", "/ping", "/ping?replace=all", "/free", "/ping", "/ping?replace=status",
        "/ping?replace=throw",
        "/ping?replace=body", "/ping?answer=parts", "/free", "/ping",
      ]
      for _ in 0..<10 {
        let responses = try await conversation.exchange(targets.map { ($0, paying) })
        #expect(
          responses.map(\.body) == [
            "free", "pong", "other", "free", "pong", "pong", "", "PONG", "pong", "free", "pong",
          ])
        #expect(
          await Self.endings(8, &events) == [
            "delivered", "released", "delivered", "released", "released", "delivered", "delivered",
            "delivered",
          ])
      }
    }
  }

  @Test func aBodyThatBreaksIsNotCharged() async throws {
    try await Self.withConnection { conversation, paying, events in
      try await conversation.send([("/ping?answer=broken", paying)])
      #expect(await Self.endings(1, &events) == ["released"])
    }
  }

  @Test func aResponseThatCannotBeWrittenIsNotCharged() async throws {
    let fixture = try await ServerFixture()
    let (started, left) = (DeliveryTests.Gate(), DeliveryTests.Gate())
    let router = Self.router(fixture)
    router.group("slow").add(middleware: fixture.server.session("0.01", per: "request"))
      .get { _, _ in
        started.open()
        await left.wait()
        return "late"
      }
    try await LiveServer.run(router, fixture.server) { server in
      let events = fixture.server.events.subscribe().events
      let challenge = try PaidRouteTests.challenge(try await server.exchange("GET", "/ping"))
      let slow = try PaidRouteTests.challenge(try await server.exchange("GET", "/slow"))
      try await KeepAliveClient(port: server.port).open(isReset: true) { conversation in
        let paying = PaidRouteTests.authorization(challenge, "pay")
        _ = try await conversation.exchange([("/ping", paying)])
        try await conversation.send([("/slow", PaidRouteTests.authorization(slow, "pay"))])
        await started.wait()
      }
      // The connection is gone for the server as soon as it has noticed: another one is served meanwhile.
      while DeliveryMonitors.shared.count > 0 { _ = try await server.exchange("GET", "/free") }
      left.open()
      var iterator = events.makeAsyncIterator()
      #expect(await Self.endings(2, &iterator) == ["delivered", "released"])
    }
  }
}
