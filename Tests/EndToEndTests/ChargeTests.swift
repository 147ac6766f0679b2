import EVM
import HTTPTypes
import MPPClient
import MPPCore
import MPPServer
import MPPTempoClient
import MPPTempoServer
import MPPTesting
import MarketplaceSupport
import Synchronization
import Tempo
import TempoDevnet
import TempoRPC
import Testing

/// A seller of charges without a socket: the client's transport ends in the server's pipeline.
final class ChargeStall: HTTPTransport {
  let devnet: Devnet
  let server: PaymentServer
  let routes: [String: Route]
  let sleeper: MarketSleeper
  /// Status of the handler's answers, in order; 200 when there is none left.
  private let statuses = Mutex<[Int]>([])
  /// Answers that are lost on their way.
  private let lost = Mutex(0)
  private let paid = Mutex(0)

  init(_ devnet: Devnet, _ change: (inout MPPTempoServer.TempoChargeOptions) -> Void = { _ in }) async throws
  {
    self.devnet = devnet
    sleeper = MarketSleeper(clock: devnet.clock, parksFrom: .max)
    var options = MPPTempoServer.TempoChargeOptions(
      transport: DevnetTransport(devnet), chainID: devnet.chainID, recipient: devnet.accounts[0].address)
    options.sleeper = sleeper
    change(&options)
    server = try await PaymentServer(
      realm: "stall.example", secrets: .values("a secret of at least thirty-two bytes"),
      ledger: try Ledger(MemoryStore(), allowVolatileLedger: true), methods: [.tempoCharge(options)],
      clock: devnet.clock)
    routes = [
      "/paid": try server.route(.get, "/paid", offers: [.charge("0.01")]),
      "/proof": try server.route(.get, "/proof", offers: [.charge("0")]),
      "/push": try server.route(
        .get, "/push",
        offers: [
          .charge(
            "0.01",
            options: [
              .init(key: "supportedModes", value: .array([.string("push")])),
              .init(key: "feePayer", value: .bool(false)),
            ])
        ]),
    ]
  }

  var deliveries: Int { paid.withLock { $0 } }
  func answer(_ codes: Int...) { statuses.withLock { $0 += codes } }
  func loseNextPaidAnswer() { lost.withLock { $0 += 1 } }

  func send(
    _ head: HTTPRequest, body: [UInt8]?, timeout: Duration
  ) async throws(HTTPTransportError) -> HTTPTransportResponse {
    guard let target = head.path, let route = routes[target] else {
      return HTTPTransportResponse(head: HTTPResponse(status: .notFound), body: ResponseBody([]))
    }
    let outcome = await server.authorize(
      PaymentRequest(method: head.method, target: target, headers: head.headerFields, body: body), for: route)
    switch outcome {
    case .challenge(let response), .management(let response), .problem(let response):
      return HTTPTransportResponse(
        head: HTTPResponse(status: .init(code: response.status), headerFields: response.headers),
        body: ResponseBody(response.body))
    case .proceed(let payment):
      let status = statuses.withLock { $0.isEmpty ? 200 : $0.removeFirst() }
      var headers = HTTPFields()
      payment.finish(status: status, headers: &headers)
      let isLost = lost.withLock { lost in
        guard lost > 0 else { return false }
        lost -= 1
        return true
      }
      if status >= 500 || isLost {
        await payment.failed()
      } else {
        await payment.delivered()
        paid.withLock { $0 += 1 }
      }
      if isLost { throw HTTPTransportError(.ambiguous, "the answer was lost") }
      return HTTPTransportResponse(
        head: HTTPResponse(status: .init(code: status), headerFields: headers),
        body: ResponseBody(Array("hello".utf8)))
    }
  }

  func shutdown() async {}

  func client(
    journal: any PaymentJournal = VolatileJournal(), spending: SpendPolicy? = nil,
    _ change: (inout MPPTempoClient.TempoChargeOptions) -> Void = { _ in }
  ) throws -> PaymentClient {
    var charges = MPPTempoClient.TempoChargeOptions()
    charges.sleeper = sleeper
    change(&charges)
    let policy = try spending ?? .upTo("0.01", perDay: "1")
    return try PaymentClient(
      methods: [
        .tempo(
          .key(devnet.accounts[1].privateKey),
          network: .transport(DevnetTransport(devnet), chainID: devnet.chainID), charges: charges)
      ], spending: policy, journal: .opened(journal), transport: self, clock: devnet.clock)
  }

  func get(_ path: String) -> ClientRequest { .get("https://stall.example" + path) }
  var earned: UInt128 { balance(0) - devnet.configuration.initialBalance.units }
  func balance(_ account: Int) -> UInt128 {
    devnet.balance(of: devnet.accounts[account].address, token: TempoAddress.pathUSD).units
  }
}

@Suite("Charges between our client and our server", .timeLimit(.minutes(1)))
struct ChargeTests {
  private func stall(
    _ change: (inout MPPTempoServer.TempoChargeOptions) -> Void = { _ in }
  ) async throws -> ChargeStall {
    try await ChargeStall(try Devnet(configuration: .commandLine()), change)
  }

  @Test("pull, push and proof: each is paid once and delivered", arguments: ["/paid", "/push", "/proof"])
  func modes(_ path: String) async throws {
    let stall = try await stall()
    let client = try stall.client()
    let response = try await client.execute(stall.get(path))
    #expect(response.status == .ok)
    let payment = try #require(response.payment)
    #expect(payment.intent == "charge")
    #expect(payment.receipt != nil)
    #expect(stall.earned == (path == "/proof" ? 0 : 10_000))
    #expect(try await client.authorizedInPeriod().units == (path == "/proof" ? 0 : 10_000))
    #expect(payment.actions == [path == "/push" ? "push" : path == "/proof" ? "proof" : "pull"])
  }

  @Test("a sponsored charge costs the payer its price and not a fee")
  func sponsored() async throws {
    let devnet = try Devnet(configuration: .commandLine())
    let stall = try await ChargeStall(devnet) { $0.feePayer = FeePayerOptions(signer: devnet.sponsor.signer) }
    let before = stall.balance(1)
    let client = try stall.client()
    let response = try await client.execute(stall.get("/paid"))
    #expect(response.status == .ok)
    #expect(stall.earned == 10_000)
    #expect(stall.balance(1) == before - 10_000)
  }

  @Test("an answer that is lost after the payment is asked for again with the same payment")
  func lostAnswer() async throws {
    let stall = try await stall()
    let client = try stall.client()
    stall.loseNextPaidAnswer()
    let error = await #expect(throws: PaymentClientError.self) {
      try await client.execute(stall.get("/paid"))
    }
    #expect(error?.exposure.authorized.units == 10_000)
    let response = try await client.execute(stall.get("/paid"))
    #expect(response.payment?.actions == ["again"])
    #expect(stall.deliveries == 1)
    #expect(stall.earned == 10_000)
  }

  @Test(
    "a client that dies after paying finds its payment in the journal, also when the challenge has expired")
  func restart() async throws {
    let stall = try await stall()
    let journal = VolatileJournal()
    stall.answer(500)
    let first = try await stall.client(journal: journal).execute(stall.get("/paid"))
    #expect(first.status.code == 500)
    stall.devnet.clock.advance(milliseconds: 400_000)
    let second = try await stall.client(journal: journal).execute(stall.get("/paid"))
    #expect(second.status == .ok)
    #expect(second.payment?.actions == ["again"])
    #expect(stall.earned == 10_000)
    let third = try await stall.client(journal: journal).execute(stall.get("/paid"))
    #expect(third.payment?.actions == ["pull"])
    #expect(stall.earned == 20_000)
  }

  @Test("a price above the policy, and a total above the period's, sign nothing")
  func policy() async throws {
    let stall = try await stall()
    let cheap = try stall.client(spending: .upTo("0.009", perDay: "1"))
    await #expect(throws: PaymentClientError.self) { try await cheap.execute(stall.get("/paid")) }
    let twice = try stall.client(spending: .upTo("0.01", perDay: "0.02"))
    for _ in 0..<2 { _ = try await twice.execute(stall.get("/paid")) }
    let error = await #expect(throws: PaymentClientError.self) { try await twice.execute(stall.get("/paid")) }
    #expect(error?.code == .refusedByPolicy)
    #expect(stall.earned == 20_000)
  }
}
