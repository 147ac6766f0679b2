package import EVM
package import HTTPTypes
package import MPPClient
package import MPPCore
package import MPPServer
package import MPPTempoClient
package import MPPTempoServer
package import MPPTesting
import Synchronization
package import Tempo
package import TempoDevnet
package import TempoRPC

/// A seller of charges without a socket: the client's transport ends in the server's pipeline. Account 0 sells, account 1 pays.
package final class ChargeStall: HTTPTransport {
  /// Of every route that is not free; base units.
  package static let price: UInt128 = 10_000
  package static let realm = "stall.example"

  package let devnet: Devnet
  package let server: PaymentServer
  package let store: FaultStore
  package let sleeper: MarketSleeper
  private let routes: [String: Route]
  private let transport: any RPCTransport
  private let box: MethodBox

  private struct State {
    /// Of the handler's answers, in order; 200 when there is none left.
    var statuses: [Int] = []
    var lostAnswers = 0
    var lostRequests = 0
    var deliveries = 0
    var credentials: [String] = []
  }
  private let state = Mutex(State())

  /// - Parameters:
  ///   - store: the ledger's; a stall that is opened again gets the one of the first.
  ///   - offers: further routes, with the options of their offer.
  ///   - lifetime: of challenges, in seconds.
  ///   - transport: the way to the node, for server and clients.
  ///   - change: of the method's configuration.
  package init(
    _ devnet: Devnet, store: FaultStore = FaultStore(MemoryStore()),
    offers: [String: [JSONValue.Member]] = [:], lifetime: Int64 = 300,
    transport: (any RPCTransport)? = nil,
    _ change: (inout MPPTempoServer.TempoChargeOptions) -> Void = { _ in }
  ) async throws {
    self.devnet = devnet
    self.store = store
    let transport = transport ?? DevnetTransport(devnet)
    self.transport = transport
    sleeper = MarketSleeper(clock: devnet.clock, parksFrom: .max)
    var options = MPPTempoServer.TempoChargeOptions(
      transport: transport, chainID: devnet.chainID, recipient: devnet.accounts[0].address)
    options.sleeper = sleeper
    change(&options)
    let box = MethodBox()
    let terms = options
    server = try await PaymentServer(
      realm: Self.realm, secrets: .values("a secret of at least thirty-two bytes"),
      ledger: try Ledger(store, allowVolatileLedger: true),
      methods: [
        PaymentMethod { environment in
          let method = try MPPTempoServer.TempoChargeMethod(terms, environment)
          box.method.withLock { $0 = method }
          return [method]
        }
      ], clock: devnet.clock)
    self.box = box
    let push: [JSONValue.Member] = [
      .init(key: "supportedModes", value: .array([.string("push")])),
      .init(key: "feePayer", value: .bool(false)),
    ]
    var all: [String: Route] = [:]
    let life = RouteOptions(lifetimeSeconds: lifetime)
    all["/paid"] = try server.route(.get, "/paid", offers: [.charge("0.01")], options: life)
    all["/proof"] = try server.route(.get, "/proof", offers: [.charge("0")], options: life)
    all["/push"] = try server.route(.get, "/push", offers: [.charge("0.01", options: push)], options: life)
    for (path, members) in offers {
      all[path] = try server.route(
        .get, path, offers: [.charge("0.01", options: members)], options: life)
    }
    routes = all
  }

  /// Looks at everything that was left open, as a server does when it starts.
  package func sweep() async throws { await box.method.withLock { $0 }?.reconcile() }

  package var deliveries: Int { state.withLock { $0.deliveries } }
  /// Every credential that arrived, in order.
  package var credentials: [String] { state.withLock { $0.credentials } }
  /// What the next handlers answer.
  package func answer(_ codes: Int...) { state.withLock { $0.statuses += codes } }
  /// The next paid answer is lost after its handler has run; its delivery counts as failed.
  package func loseNextPaidAnswer() { state.withLock { $0.lostAnswers += 1 } }
  /// The next request with a credential never arrives.
  package func loseNextPaidRequest() { state.withLock { $0.lostRequests += 1 } }

  package func send(
    _ head: HTTPRequest, body: [UInt8]?, timeout: Duration
  ) async throws(HTTPTransportError) -> HTTPTransportResponse {
    guard let target = head.path, let route = routes[target] else {
      return HTTPTransportResponse(head: HTTPResponse(status: .notFound), body: ResponseBody([]))
    }
    if let credential = head.headerFields[.authorization], !arrives(credential) {
      throw HTTPTransportError(.ambiguous, "the request was lost")
    }
    let outcome = await server.authorize(
      PaymentRequest(method: head.method, target: target, headers: head.headerFields, body: body), for: route)
    switch outcome {
    case .challenge(let response), .management(let response), .problem(let response):
      return HTTPTransportResponse(
        head: HTTPResponse(status: .init(code: response.status), headerFields: response.headers),
        body: ResponseBody(response.body))
    case .proceed(let payment):
      return try await answer(payment)
    }
  }

  private func arrives(_ credential: String) -> Bool {
    state.withLock { state in
      guard state.lostRequests == 0 else {
        state.lostRequests -= 1
        return false
      }
      state.credentials.append(credential)
      return true
    }
  }

  private func answer(_ payment: Payment) async throws(HTTPTransportError) -> HTTPTransportResponse {
    let (status, isLost) = state.withLock { state in
      let isLost = state.lostAnswers > 0
      if isLost { state.lostAnswers -= 1 }
      return (state.statuses.isEmpty ? 200 : state.statuses.removeFirst(), isLost)
    }
    var headers = HTTPFields()
    payment.finish(status: status, headers: &headers)
    if status >= 500 || isLost {
      await payment.failed()
    } else {
      await payment.delivered()
      state.withLock { $0.deliveries += 1 }
    }
    if isLost { throw HTTPTransportError(.ambiguous, "the answer was lost") }
    return HTTPTransportResponse(
      head: HTTPResponse(status: .init(code: status), headerFields: headers),
      body: ResponseBody(Array("hello".utf8)))
  }

  package func shutdown() async {}

  /// A client of this stall; it pays with account 1, through the stall's way to the node or another one.
  package func client(
    as account: TempoAccount? = nil, journal: any PaymentJournal = VolatileJournal(),
    spending: SpendPolicy? = nil, transport http: (any HTTPTransport)? = nil,
    node: (any RPCTransport)? = nil,
    _ change: (inout MPPTempoClient.TempoChargeOptions) -> Void = { _ in }
  ) throws -> PaymentClient {
    var charges = MPPTempoClient.TempoChargeOptions()
    charges.sleeper = sleeper
    change(&charges)
    var sessions = MPPTempoClient.TempoSessionOptions()
    sessions.sleeper = sleeper
    return try PaymentClient(
      methods: [
        .tempo(
          account ?? .key(devnet.accounts[1].privateKey),
          network: .transport(node ?? transport, chainID: devnet.chainID), options: sessions,
          charges: charges)
      ], spending: try spending ?? .upTo("0.01", perDay: "1"), journal: .opened(journal),
      transport: http ?? self, clock: devnet.clock)
  }

  package func get(_ path: String) -> ClientRequest { .get("https://stall.example" + path) }

  /// One request by hand.
  package func get(_ path: String, credential: String? = nil) async throws -> HTTPResponse {
    var head = HTTPRequest(method: .get, scheme: "https", authority: Self.realm, path: path)
    if let credential { head.headerFields[.authorization] = credential }
    return try await send(head, body: nil, timeout: .seconds(5)).head
  }

  /// What is wrong with a credential; `nil` when it was answered with content.
  package func refusal(_ path: String, credential: String) async throws -> String? {
    var head = HTTPRequest(method: .get, scheme: "https", authority: Self.realm, path: path)
    head.headerFields[.authorization] = credential
    let response = try await send(head, body: nil, timeout: .seconds(5))
    guard response.head.status != .ok else { return nil }
    return PaymentProblem(document: try JSONValue(parsing: try await response.body.bytes()))?.detail ?? ""
  }

  /// What the seller has more than at the beginning, base units.
  package var earned: UInt128 {
    balance(0) &- devnet.configuration.initialBalance.units
  }

  package func balance(_ account: Int, token: Address = TempoAddress.pathUSD) -> UInt128 {
    devnet.balance(of: devnet.accounts[account].address, token: token).units
  }

  /// Successful transactions that paid the seller.
  package var payments: [DevnetReceipt] {
    let seller = devnet.accounts[0].address
    return devnet.receipts().filter { receipt in
      receipt.succeeded
        && receipt.logs.contains { log in
          guard case .transferWithMemo(_, let to, _, _)? = try? TIP20Event(log: log) else { return false }
          return to == seller
        }
    }
  }
}

private final class MethodBox: Sendable {
  let method = Mutex<MPPTempoServer.TempoChargeMethod?>(nil)
}
