import EVM
import HTTPTypes
import Logging
import MPPCore
import MPPServer
import MPPStoreSQLite
import MPPTempo
import MPPTempoServer
import Tempo
import TempoDevnet
import TempoRPC

/// A payment server over an embedded chain, with channels that are open and funded.
struct PaidService: Sendable {
  static let secret = "mpp-bench-secret-0123456789abcdef-0123"
  static let price = "0.0001"
  static let priceUnits: UInt128 = 100
  static let deposit: UInt128 = 10_000_000_000
  static let path = "/paid"

  let devnet: Devnet
  let server: PaymentServer
  let route: Route
  let channels: [BenchChannel]

  enum Store: String, Sendable, CaseIterable { case memory, sqlite }

  static func ledger(_ store: Store, file: String) throws -> Ledger {
    switch store {
    case .memory: try Ledger(MemoryStore(), allowVolatileLedger: true)
    case .sqlite: try .sqlite(at: file)
    }
  }

  static let offer = Offer.session(Price(stringLiteral: price), per: "request")
  static let routeOptions = RouteOptions(lifetimeSeconds: 24 * 3600)
  static var silent: Logger { Logger(label: "mpp-bench") { _ in SwiftLogNoOpLogHandler() } }

  init(_ store: Store, file: String, channels count: Int) async throws {
    devnet = try Devnet(configuration: .commandLine())
    let payee = devnet.accounts[0]
    let options = TempoSessionOptions(
      signer: payee.signer, transport: InProcessTransport(devnet: devnet), chainID: devnet.chainID)
    server = try await PaymentServer(
      realm: "bench.example.com", secrets: .values(Self.secret),
      ledger: try Self.ledger(store, file: file), methods: [.tempo(options)], logger: Self.silent)
    route = try server.route(.get, Self.path, offers: [Self.offer], options: Self.routeOptions)
    let payer = ChannelOpener(devnet: devnet, server: server, route: route, payee: payee.address)
    var channels: [BenchChannel] = []
    for number in 0..<count { channels.append(try await payer.open(number)) }
    self.channels = channels
  }

  /// A fresh challenge of the route.
  func challenge() async throws -> Challenge {
    try await ChannelOpener.challenge(server, route)
  }

  func request(_ channel: BenchChannel, _ challenge: Challenge, _ amount: UInt128) throws -> PaymentRequest {
    PaymentRequest(
      method: .get, path: Self.path,
      headers: [.authorization: try channel.authorization(challenge, amount)])
  }

  /// A paid request from its arrival to its delivery, without HTTP.
  func pay(_ request: PaymentRequest) async throws {
    guard case .proceed(let payment) = await server.authorize(request, for: route) else {
      throw BenchFailure("a paid request was refused")
    }
    await payment.delivered()
  }
}
