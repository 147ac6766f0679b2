import Foundation
public import Logging
public import MPPClient
public import MPPCore
import MPPStoreSQLite
public import MPPTempo
public import MPPTempoClient
import Synchronization
public import TempoDevnet
import TempoRPC

/// A chain, shops and payers, all over real sockets and in one folder, gone when the test ends.
///
/// Everybody lives by the chain's clock. Account 0 sells, the others pay.
public final class Marketplace: Sendable {
  /// Price of `/ping` and `/other`, base units.
  public static let price = Amount(units: 10_000)

  public let devnet: Devnet
  public let rpcURL: String
  public let folder: String
  public let logger: Logger
  private let members = Mutex<(shops: [Shop], clients: [PaymentClient])>(([], []))
  private let opening: Books

  public var clock: DevnetClock { devnet.clock }

  /// Starts a chain, runs `body`, ends everything that is left of it.
  public static func run<T>(
    _ change: (inout DevnetConfiguration) -> Void = { _ in },
    logger: Logger = .marketplace, _ body: (Marketplace) async throws -> T
  ) async throws -> T {
    var configuration = DevnetConfiguration.commandLine()
    change(&configuration)
    let market = try await Marketplace(configuration, logger)
    let result: Result<T, any Error>
    do {
      result = .success(try await body(market))
    } catch {
      result = .failure(error)
    }
    await market.close()
    return try result.get()
  }

  private init(_ configuration: DevnetConfiguration, _ logger: Logger) async throws {
    devnet = try Devnet(configuration: configuration)
    rpcURL = "http://127.0.0.1:\(try await devnet.start())"
    self.logger = logger
    let url = FileManager.default.temporaryDirectory.appending(path: "mpp-market-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    folder = url.path
    opening = Books(devnet)
  }

  /// A file of this market.
  public func path(_ name: String) -> String { folder + "/" + name }

  /// Opens a shop; it is stopped with the market, unless it was before.
  public func shop(_ change: (inout ShopOptions) -> Void = { _ in }) async throws -> Shop {
    var options = ShopOptions()
    change(&options)
    let shop = try await Shop(self, options, logger: logger)
    members.withLock { $0.shops.append(shop) }
    return shop
  }

  /// Ends a shop and opens it again on its ledger and its port.
  public func reopen(_ shop: Shop) async throws -> Shop {
    try await shop.stop()
    return try await self.shop { options in
      options = shop.options
      options.port = shop.port
    }
  }

  /// A paying client; it is shut down with the market, unless it was before.
  /// - Parameters:
  ///   - account: of the devnet.
  ///   - payer: somebody else than an account of the devnet.
  ///   - journal: file name in the market's folder; `nil` remembers nothing.
  public func client(
    account: Int = 1, payer: TempoAccount? = nil, journal: String? = nil, spending: SpendPolicy? = nil,
    transport: (any HTTPTransport)? = nil, clock: (any WallClock)? = nil,
    options: ClientOptions = ClientOptions(),
    charges: MPPTempoClient.TempoChargeOptions = .init(), isReversed: Bool = false,
    _ change: (inout MPPTempoClient.TempoSessionOptions) -> Void = { _ in }
  ) throws -> PaymentClient {
    var tempo = MPPTempoClient.TempoSessionOptions()
    tempo.sleeper = MarketSleeper(clock: devnet.clock, parksFrom: .max)
    change(&tempo)
    let policy = try spending ?? .upTo("0.01", perDay: "1000", depositPerChannel: "100")
    let method = ClientMethodProvider.tempo(
      payer ?? .key(devnet.accounts[account].privateKey), network: .rpc(rpcURL, chainID: devnet.chainID),
      options: tempo, charges: charges)
    let client = try PaymentClient(
      methods: [isReversed ? ClientMethodProvider { try method.make($0).reversed() } : method],
      spending: policy,
      journal: journal.map { .sqlite(at: path($0)) } ?? .volatile, transport: transport, options: options,
      clock: clock ?? self.clock, logger: logger)
    members.withLock { $0.clients.append(client) }
    return client
  }

  /// What does not add up between chain and ledger, in words; empty when all is well. Ask when nothing is
  /// under way.
  public func audit(_ shop: Shop) async throws -> [String] {
    try await audit(books: shop.records())
  }

  /// The same for books that were read from a file.
  public func audit(books: [ChannelRecord]) throws -> [String] {
    try devnet.audit() + Books(devnet).faults(since: opening, receipts: devnet.receipts())
      + MarketAudit.compare(books, devnet.channelHistories(), devnet)
  }

  private func close() async {
    let (shops, clients) = members.withLock { $0 }
    for client in clients { do { try await client.shutdown() } catch {} }
    for shop in shops { do { try await shop.stop() } catch {} }
    await devnet.shutdown()
    do { try FileManager.default.removeItem(atPath: folder) } catch {}
  }
}

extension Logger {
  /// Says nothing, unless `MARKET_LOG` names a level.
  public static var marketplace: Logger {
    guard let name = ProcessInfo.processInfo.environment["MARKET_LOG"], !name.isEmpty else {
      return Logger(label: "market") { _ in SwiftLogNoOpLogHandler() }
    }
    var logger = Logger(label: "market")
    logger.logLevel = Logger.Level(rawValue: name) ?? .debug
    return logger
  }
}
