import EVM
import HTTPTypes
package import Logging
package import MPPCore
package import MPPServer
import MPPTempo
import MPPTempoServer
import Tempo
package import TempoDevnet
import TempoRPC

/// A payment server over an embedded chain, with channels that are open and funded.
package struct PaidService: Sendable {
  package static let secret = "mpp-bench-secret-0123456789abcdef-0123"
  package static let price = "0.0001"
  package static let priceUnits: UInt128 = 100
  package static let deposit: UInt128 = 10_000_000_000
  package static let path = "/paid"

  package let devnet: Devnet
  package let server: PaymentServer
  package let route: Route
  package let channels: [BenchChannel]
  /// A `Payment-Receipt` value as its answers have it.
  package let receipt: String

  package static let offer = Offer.session(Price(stringLiteral: price), per: "request")
  package static let routeOptions = RouteOptions(lifetimeSeconds: 24 * 3600)
  package static var silent: Logger { Logger(label: "mpp-bench") { _ in SwiftLogNoOpLogHandler() } }

  package init(ledger: Ledger, channels count: Int) async throws {
    devnet = try Devnet(configuration: .commandLine())
    let payee = devnet.accounts[0]
    let options = TempoSessionOptions(
      signer: payee.signer, transport: InProcessTransport(devnet: devnet), chainID: devnet.chainID)
    server = try await PaymentServer(
      realm: "bench.example.com", secrets: .values(Self.secret),
      ledger: ledger, methods: [.tempo(options)], logger: Self.silent)
    route = try server.route(.get, Self.path, offers: [Self.offer], options: Self.routeOptions)
    let payer = ChannelOpener(devnet: devnet, server: server, route: route, payee: payee.address)
    var channels: [BenchChannel] = []
    var receipt = ""
    for number in 0..<count {
      let opened = try await payer.open(number)
      channels.append(opened.channel)
      receipt = opened.receipt
    }
    self.channels = channels
    self.receipt = receipt
  }

  /// A fresh challenge of the route.
  package func challenge() async throws -> Challenge {
    try await ChannelOpener.challenge(server, route)
  }

  package func request(_ channel: BenchChannel, _ challenge: Challenge, _ amount: UInt128) throws
    -> PaymentRequest
  {
    PaymentRequest(
      method: .get, path: Self.path,
      headers: [.authorization: try channel.authorization(challenge, amount)])
  }

  /// A request without payment, from its arrival to the 402.
  package func refuse() async throws {
    let request = PaymentRequest(method: .get, path: Self.path)
    guard case .challenge = await server.authorize(request, for: route) else {
      throw BenchFailure("a request without payment was not refused")
    }
  }

  /// A paid request from its arrival to its delivery, without HTTP.
  package func pay(_ request: PaymentRequest) async throws {
    guard case .proceed(let payment) = await server.authorize(request, for: route) else {
      throw BenchFailure("a paid request was refused")
    }
    await payment.delivered()
  }
}
