public import EVM
import HTTPTypes
import Hummingbird
import Logging
import MPPCore
import MPPHummingbird
public import MPPServer
import MPPStoreSQLite
public import MPPTempo
import MPPTempoServer
import NIOCore
import ServiceLifecycle
import Synchronization
import TempoDevnet
import TempoRPC

/// A Hummingbird application that sells over real sockets.
public final class Shop: Sendable {
  public let port: Int
  public let payments: PaymentServer
  /// Ends the pauses between the sweeps of the settlement service.
  public let sleeper: MarketSleeper
  public let log: ShopLog
  public let options: ShopOptions
  private let group: ServiceGroup
  private let running: Task<Void, any Error>

  public var url: String { "http://127.0.0.1:\(port)" }

  init(_ market: Marketplace, _ options: ShopOptions, logger: Logger) async throws {
    let sleeper = MarketSleeper(clock: market.devnet.clock)
    let log = ShopLog()
    let payments = try await Self.payments(market, options, sleeper, logger)
    let router = try Self.router(payments, options, log)
    let (ports, continuation) = AsyncStream<Int>.makeStream()
    let application = Application(
      router: router, configuration: .init(address: .hostname("127.0.0.1", port: options.port)),
      services: [payments],
      onServerRunning: { channel in continuation.yield(channel.localAddress?.port ?? 0) }, logger: logger)
    let group = ServiceGroup(configuration: .init(services: [application], logger: logger))
    running = Task {
      defer { continuation.finish() }
      try await group.run()
    }
    var iterator = ports.makeAsyncIterator()
    guard let port = await iterator.next(), port > 0 else {
      try await running.value
      throw TestFailure("the shop did not start")
    }
    (self.port, self.payments, self.sleeper, self.log, self.options, self.group) = (
      port, payments, sleeper, log, options, group
    )
  }

  /// Lets running requests finish, then ends. Idempotent.
  public func stop() async throws {
    await group.triggerGracefulShutdown()
    try await running.value
  }

  /// The books about a channel, as they are on disk; see ``records()``.
  public func record(_ channelID: Hash32) async throws -> ChannelRecord {
    let table = try payments.ledger.table(ChannelRecord.self)
    let key = RecordKey(kind: ChannelRecord.kind, id: channelID.bytes)
    for _ in 0..<1_000 {
      guard let held = table.peek(key)?.held, held != .zero else { break }
      await Task.yield()
    }
    guard let record = try await table.loadDurable(key) else {
      throw TestFailure("the ledger does not know channel \(channelID)")
    }
    return record
  }

  /// All books, as they are on disk. The buyer sees the end of a response a moment before its price is charged: that moment is
  /// waited for.
  public func records() async throws -> [ChannelRecord] {
    for _ in 0..<1_000 {
      let records = try await writtenRecords()
      if records.allSatisfy({ $0.held == .zero }) { return records }
      await Task.yield()
    }
    return try await writtenRecords()
  }

  private func writtenRecords() async throws -> [ChannelRecord] {
    try await payments.ledger.flush()
    return try await ChannelBooks.read(payments.ledger.store)
  }

  private static func payments(
    _ market: Marketplace, _ options: ShopOptions, _ sleeper: MarketSleeper, _ logger: Logger
  ) async throws -> PaymentServer {
    var tempo = TempoSessionOptions(
      signer: market.devnet.accounts[options.account].signer,
      transport: AsyncHTTPRPCTransport(url: market.rpcURL), chainID: market.devnet.chainID)
    tempo.sleeper = sleeper
    options.tempo(&tempo)
    let ledger: Ledger =
      if let name = options.ledger {
        try Ledger(options.store(SQLiteLedger(at: market.path(name))))
      } else {
        try Ledger(options.store(MemoryStore()), allowVolatileLedger: true)
      }
    let secrets = options.secrets
    var methods: [PaymentMethod] = [.tempo(tempo)]
    if let change = options.charges {
      var charges = TempoChargeOptions(
        transport: AsyncHTTPRPCTransport(url: market.rpcURL), chainID: market.devnet.chainID,
        recipient: market.devnet.accounts[options.account].address)
      charges.sleeper = MarketSleeper(clock: market.devnet.clock)
      change(&charges)
      methods.append(.tempoCharge(charges))
    }
    return try await PaymentServer(
      realm: options.realm, secrets: .closure { secrets }, ledger: ledger,
      methods: options.isReversed ? methods.reversed() : methods,
      limits: options.limits, clock: options.clock ?? market.clock, logger: logger)
  }

  private static func router(
    _ payments: PaymentServer, _ options: ShopOptions, _ log: ShopLog
  ) throws -> Router<PaidRequestContext> {
    let router = Router(context: PaidRequestContext.self)
    router.add(middleware: ArrivalMiddleware(log: log))
    router.get("free") { _, _ in "free" }
    for path in ["ping", "other"] {
      router.group(RouterPath(path))
        .add(middleware: try payments.gate(offers: [.session(options.price, per: "request")]))
        .get { _, _ -> String in
          log.serve()
          return path
        }
    }
    try options.routes(router, payments, log)
    return router
  }
}
