import EVM
import HTTPTypes
import MPPCore
import MPPServer
import MPPTempo
import MPPTesting
import PeerSupport
import Synchronization
import Tempo
import TempoDevnet
import TempoRPC
import Testing

@testable import MPPTempoServer

/// A server with one paid route, an embedded chain and a ledger in memory. Requests go through the whole
/// pipeline.
final class Harness: Sendable {
  static let secret = "a secret of at least thirty-two bytes"
  static let price = Amount(units: 1_000)
  static let token = TempoAddress.pathUSD

  let devnet: Devnet
  let store: FaultStore
  let server: PaymentServer
  let method: TempoSessionMethod
  let route: Route
  let payer: Payer
  let sleeper: DevnetSleeper
  let log: SettlementLog

  static func chain() throws -> Devnet {
    var configuration = DevnetConfiguration()
    configuration.chainID = 42_431
    return try Devnet(configuration: configuration)
  }

  convenience init(
    devnet: Devnet? = nil, store: (any LedgerStore)? = nil, limits: LedgerLimits = LedgerLimits(),
    seed: UInt64 = 1, clock: (any WallClock)? = nil,
    offer: (inout Offer) -> Void = { _ in }, options change: (inout TempoSessionOptions) -> Void = { _ in }
  ) async throws {
    let devnet = try devnet ?? Self.chain()
    let sleeper = DevnetSleeper(devnet)
    let settlements = SettlementLog()
    var options = TempoSessionOptions(
      signer: devnet.accounts[1].signer, transport: DevnetTransport(devnet), chainID: devnet.chainID)
    options.sleeper = sleeper
    options.onSettlement = { settlements.add($0) }
    change(&options)
    var terms = Offer.session("0.001", per: "request")
    offer(&terms)
    try await self.init(
      devnet, (store as? FaultStore) ?? FaultStore(store ?? MemoryStore()), limits, options, terms, sleeper,
      settlements, seed, clock)
  }

  private init(
    _ devnet: Devnet, _ store: FaultStore, _ limits: LedgerLimits, _ options: TempoSessionOptions,
    _ offer: Offer, _ sleeper: DevnetSleeper, _ log: SettlementLog, _ seed: UInt64, _ clock: (any WallClock)?
  ) async throws {
    let boxed = MethodBox()
    let tempo = PaymentMethod { environment in
      let methods = try TempoSessionMethod.methods(options, environment)
      boxed.method.withLock { $0 = methods.first as? TempoSessionMethod }
      return methods
    }
    self.devnet = devnet
    self.store = store
    self.sleeper = sleeper
    self.log = log
    server = try await PaymentServer(
      realm: "api.example.com", secrets: .values(Self.secret),
      ledger: try Ledger(store, allowVolatileLedger: true, limits: limits), methods: [tempo],
      clock: clock ?? devnet.clock,
      random: SeededRandom(seed: seed))
    method = try #require(boxed.method.withLock { $0 })
    route = try server.route(.get, "/r", offers: [offer])
    payer = Payer(devnet, devnet.accounts[0], seed: seed)
  }

  var channels: ChannelService { method.channels }
  var now: Timestamp { devnet.clock.now }
  var payee: Address { devnet.accounts[1].address }

  // MARK: Requests

  func send(
    _ credential: String? = nil, method: HTTPRequest.Method = .get, target: String = "/r",
    body: [UInt8]? = nil, headers: HTTPFields = [:]
  ) async -> PaymentOutcome {
    var fields = headers
    if let credential { fields[.authorization] = credential }
    return await server.authorize(
      PaymentRequest(method: method, target: target, headers: fields, body: body), for: route)
  }

  func challenge() async throws -> Challenge {
    let outcome = await send()
    let header = try #require(outcome.response?.headers[.wwwAuthenticate])
    return try #require(try Challenge.parse(header: header).challenges.first)
  }

  func credential(_ payload: SessionPayload, source: String? = nil) async throws -> String {
    Credential(
      challenge: try await challenge(), payload: payload.jsonValue,
      source: UnverifiedSource(source ?? payer.source)
    ).serialized()
  }

  /// A content request with this payload.
  func get(_ payload: SessionPayload, source: String? = nil) async throws -> PaymentOutcome {
    await send(try await credential(payload, source: source))
  }

  /// A management request with this payload.
  func post(_ payload: SessionPayload, source: String? = nil) async throws -> PaymentOutcome {
    await send(try await credential(payload, source: source), method: .post)
  }

  /// Opens with one price paid and delivered.
  func opened(deposit: UInt128 = 100_000, first: UInt128 = 1_000) async throws -> OpenChannel {
    let channel = try await payer.open(deposit: deposit, payee: payee)
    let outcome = try await get(channel.openPayload(first))
    try await deliver(outcome)
    return channel
  }

  @discardableResult
  func deliver(_ outcome: PaymentOutcome) async throws -> SessionReceipt {
    guard case .proceed(let payment) = outcome else {
      Issue.record("not paid: \(Self.text(outcome))")
      throw Refused(problem: Self.problem(outcome))
    }
    await payment.delivered()
    // Nobody waits for the end of a delivery; the tests look at it.
    try? await server.ledger.flush()
    return try SessionReceipt(headerValue: payment.receipt)
  }

  /// Pays for one price and leaves the delivery open.
  func paid(_ payload: SessionPayload) async throws -> Payment {
    let outcome = try await get(payload)
    guard case .proceed(let payment) = outcome else {
      Issue.record("not paid: \(Self.text(outcome))")
      throw Refused(problem: Self.problem(outcome))
    }
    return payment
  }

  func record(_ channel: OpenChannel) async throws -> ChannelRecord {
    try #require(try await channels.load(channel.id))
  }

  struct Refused: Error { let problem: PaymentProblem? }

  static func problem(_ outcome: PaymentOutcome) -> PaymentProblem? {
    guard let body = outcome.response?.body, let document = try? JSONValue(parsing: body) else { return nil }
    return PaymentProblem(document: document)
  }

  static func text(_ outcome: PaymentOutcome) -> String {
    switch outcome {
    case .proceed: "proceed"
    case .management(let response): "management \(response.status)"
    case .challenge(let response), .problem(let response):
      "\(response.status) \(String(decoding: response.body, as: UTF8.self))"
    }
  }

  static func receipt(_ outcome: PaymentOutcome) throws -> SessionReceipt {
    switch outcome {
    case .proceed(let payment): return try SessionReceipt(headerValue: payment.receipt)
    case .management(let response):
      return try SessionReceipt(headerValue: try #require(response.headers[ProtocolHeaders.paymentReceipt]))
    case .challenge, .problem:
      Issue.record("refused: \(text(outcome))")
      throw Refused(problem: problem(outcome))
    }
  }

  /// Successful transactions whose logs contain this event of the reserve for a channel.
  func count(_ topic: Hash32, _ channel: OpenChannel) -> Int {
    devnet.receipts().filter { receipt in
      receipt.succeeded
        && receipt.logs.contains { $0.topics.first == topic && $0.topics.dropFirst().first == channel.id }
    }.count
  }

  /// The chain, the ledger and the journal agree about a channel.
  func expectAgreement(_ channel: OpenChannel) async throws {
    let record = try await record(channel)
    if let state = devnet.channel(channel.id) {
      #expect(!record.finalized)
      #expect(state.deposit == record.deposit)
      #expect(state.settled == record.settled)
    } else {
      #expect(record.finalized)
    }
    #expect(try await channels.intents.pending(limit: 9).isEmpty)
  }
}

/// What a refusal looks like to the peer.
func expectRefusal(
  _ outcome: PaymentOutcome, _ code: PaymentProblem.Code, _ detail: String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let problem = Harness.problem(outcome)
  #expect(problem?.code == code, "\(Harness.text(outcome))", sourceLocation: sourceLocation)
  #expect(problem?.detail == detail, sourceLocation: sourceLocation)
  if let status = problem?.status, status < 500 {
    #expect(outcome.response?.headers[.wwwAuthenticate] != nil, sourceLocation: sourceLocation)
  }
}

final class MethodBox: Sendable {
  let method = Mutex<TempoSessionMethod?>(nil)
}

final class SettlementLog: Sendable {
  private let events = Mutex<[SettlementEvent]>([])

  func add(_ event: SettlementEvent) { events.withLock { $0.append(event) } }
  var all: [SettlementEvent] { events.withLock { $0 } }

  /// The first events; nobody waits for them but a test.
  func first(_ count: Int) async -> [SettlementEvent] {
    while all.count < count { await Task.yield() }
    return all
  }
}

/// Lets the chain's time pass instead of waiting.
final class DevnetSleeper: Sleeper {
  private let devnet: Devnet
  let isFrozen = Mutex(false)

  init(_ devnet: Devnet) { self.devnet = devnet }

  func sleep(milliseconds: Int64) async throws {
    try Task.checkCancellation()
    if !isFrozen.withLock({ $0 }) { devnet.clock.advance(milliseconds: milliseconds) }
    await Task.yield()
  }
}
