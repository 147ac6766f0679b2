import HTTPTypes
import Hummingbird
import Logging
import MPPClient
import NIOCore
import PeerSupport
import Synchronization
import TempoDevnet

/// The sellers of these tests behind a real socket of the loopback interface, one for all of them.
final class SellerSocket: Sendable {
  private static let shared = SellerSocket()

  private struct State {
    var sellers: [TestSeller] = []
    var port: Int?
    var waiting: [CheckedContinuation<Int, Never>] = []
  }

  private let state = Mutex(State())

  private init() {
    let application = Application(
      responder: CallbackResponder(callback: { try await self.answer($0, $1) }),
      configuration: .init(address: .hostname("127.0.0.1", port: 0)),
      onServerRunning: { self.started(on: $0.localAddress?.port ?? 0) },
      logger: Logger(label: "seller") { _ in SwiftLogNoOpLogHandler() })
    // Until the process of the tests ends.
    Task { try await application.run() }
  }

  /// A transport whose requests reach `seller` over the socket.
  static func transport(to seller: TestSeller) -> any HTTPTransport {
    let number = shared.state.withLock { state in
      state.sellers.append(seller)
      return state.sellers.count - 1
    }
    return Transport(socket: shared, number: number)
  }

  private func started(on port: Int) {
    let waiting = state.withLock { state in
      state.port = port
      defer { state.waiting = [] }
      return state.waiting
    }
    for continuation in waiting { continuation.resume(returning: port) }
  }

  private func port() async -> Int {
    await withCheckedContinuation { continuation in
      let known = state.withLock { state -> Int? in
        if state.port == nil { state.waiting.append(continuation) }
        return state.port
      }
      if let known { continuation.resume(returning: known) }
    }
  }

  // MARK: The seller's side

  private struct Context: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
      coreContext = .init(source: source)
      channel = source.channel
    }
  }

  private func answer(_ request: Request, _ context: Context) async throws -> Response {
    var head = request.head
    guard let number = head.headerFields[Self.seller].flatMap({ Int($0) }) else {
      throw HTTPError(.badRequest)
    }
    let seller = state.withLock { $0.sellers[number] }
    head.scheme = head.headerFields[Self.scheme]
    head.authority = head.headerFields[Self.authority]
    for name in [Self.seller, Self.scheme, Self.authority] { head.headerFields[name] = nil }
    let body = Array(try await request.body.collect(upTo: 1 << 20).readableBytesView)
    do {
      let answer = try await seller.send(head, body: body.isEmpty ? nil : body, timeout: .seconds(60))
      return Self.response(answer)
    } catch {
      // What the seller loses, the network loses.
      try? await context.channel.close()
      throw error
    }
  }

  private static func response(_ answer: HTTPTransportResponse) -> Response {
    guard answer.head.status != .noContent else {
      return Response(status: answer.head.status, headers: answer.head.headerFields)
    }
    return Response(
      status: answer.head.status, headers: answer.head.headerFields,
      body: Hummingbird.ResponseBody { writer in
        for try await chunk in answer.body { try await writer.write(ByteBuffer(bytes: chunk)) }
        try await writer.finish(nil)
      })
  }

  // MARK: The buyer's side

  private static func name(_ text: String) -> HTTPField.Name {
    guard let name = HTTPField.Name(text) else { preconditionFailure("\(text) is no name of a field") }
    return name
  }

  private static let seller = name("x-seller")
  private static let scheme = name("x-scheme")
  private static let authority = name("x-authority")

  /// Takes every origin for the socket, as a resolver would.
  private struct Transport: HTTPTransport {
    private static let http = AsyncHTTPClientTransport()

    let socket: SellerSocket
    let number: Int

    func send(
      _ request: HTTPRequest, body: [UInt8]?, timeout: Duration
    ) async throws(HTTPTransportError) -> HTTPTransportResponse {
      var sent = request
      sent.headerFields[SellerSocket.seller] = String(number)
      sent.headerFields[SellerSocket.scheme] = request.scheme
      sent.headerFields[SellerSocket.authority] = request.authority
      sent.scheme = "http"
      sent.authority = "127.0.0.1:\(await socket.port())"
      return try await Self.http.send(sent, body: body, timeout: timeout)
    }

    func shutdown() async {}
  }
}

extension SessionFixture {
  /// With a real socket between client and seller.
  static func overSocket(
    spending: SpendPolicy? = nil, devnet: Devnet? = nil, seller: TestSeller? = nil
  ) throws -> SessionFixture {
    let devnet = try devnet ?? Devnet()
    let seller = try seller ?? TestSeller(devnet: devnet)
    return try SessionFixture(
      spending: spending, devnet: devnet, seller: seller, transport: SellerSocket.transport(to: seller))
  }
}
