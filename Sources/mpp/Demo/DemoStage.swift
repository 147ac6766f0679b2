import EVM
import Hummingbird
import Logging
import MPPClient
import MPPCore
import MPPServer
import MPPStoreSQLite
import MPPTempoServer
import ServiceLifecycle
import TempoDevnet
import TempoRPC

/// The chain and the server of the demonstration, on free ports, with files in a folder that goes away.
struct DemoStage: Sendable {
  static let settleEveryUnits: UInt64 = 70
  /// Base units of every token that each account starts with: 10 tokens.
  static let initialBalance = Amount(units: 10_000_000)

  let devnet: Devnet
  let chainURL: String
  let serverURL: String
  let payee: DevnetAccount
  let payer: DevnetAccount
  /// Settlements and closes as the server books them.
  let settlements: AsyncStream<SettlementEvent>
  let folder: String

  /// Starts both, runs `body`, and stops both, however it ends.
  static func run<T: Sendable>(
    folder: String, _ body: @escaping @Sendable (DemoStage) async throws -> T
  ) async throws -> T {
    var configuration = DevnetConfiguration.commandLine()
    configuration.initialBalance = initialBalance
    let devnet = try Devnet(configuration: configuration)
    let port = try await devnet.start()
    do {
      let result = try await serve(devnet, "http://127.0.0.1:\(port)", folder, body)
      await devnet.shutdown()
      return result
    } catch {
      await devnet.shutdown()
      throw error
    }
  }

  private static func serve<T: Sendable>(
    _ devnet: Devnet, _ chainURL: String, _ folder: String,
    _ body: @escaping @Sendable (DemoStage) async throws -> T
  ) async throws -> T {
    let (settlements, reported) = AsyncStream<SettlementEvent>.makeStream()
    let (ready, announced) = AsyncStream<Int>.makeStream()
    let payee = devnet.accounts[1]
    let api = DemonstrationAPI(
      payments: try await payments(devnet, chainURL, folder, payee) { reported.yield($0) })
    let application = try api.application(port: 0, logger: logger) { port in announced.yield(port) }
    let group = ServiceGroup(
      configuration: ServiceGroupConfiguration(
        services: [.init(service: application, successTerminationBehavior: .gracefullyShutdownGroup)],
        logger: logger))
    // Not a child: an interruption must end the server in order, not in the middle of an answer.
    let server = Task {
      defer { announced.finish() }
      try await group.run()
    }
    let result: Result<T, any Error>
    do {
      result = .success(
        try await withStage(ready) { port in
          try await body(
            DemoStage(
              devnet: devnet, chainURL: chainURL, serverURL: "http://127.0.0.1:\(port)", payee: payee,
              payer: devnet.accounts[2], settlements: settlements, folder: folder))
        })
    } catch {
      result = .failure(error)
    }
    await group.triggerGracefulShutdown()
    try await server.value
    return try result.get()
  }

  private static func withStage<T: Sendable>(
    _ ready: AsyncStream<Int>, _ body: (Int) async throws -> T
  ) async throws -> T {
    for await port in ready { return try await body(port) }
    try Task.checkCancellation()
    throw CommandFailure(.failure, "the server of the demonstration did not start")
  }

  private static func payments(
    _ devnet: Devnet, _ chainURL: String, _ folder: String, _ payee: DevnetAccount,
    _ report: @escaping @Sendable (SettlementEvent) -> Void
  ) async throws -> PaymentServer {
    var options = TempoSessionOptions(
      signer: payee.signer, transport: AsyncHTTPRPCTransport(url: chainURL), chainID: devnet.chainID)
    options.settlement = SettlementSchedule(units: settleEveryUnits)
    options.onSettlement = { report($0) }
    let secret = Base64.encode(SystemRandomSource().fill(32))
    return try await PaymentServer(
      realm: "127.0.0.1", secrets: .values(secret), ledger: try .sqlite(at: folder + "/ledger.db"),
      methods: [
        .tempo(options),
        .tempoCharge(
          DemonstrationAPI.charges(
            to: payee.signer, sponsor: FeePayerOptions(signer: payee.signer), rpc: chainURL,
            chainID: devnet.chainID)),
      ], logger: logger)
  }

  private static let logger: Logger = {
    var logger = Logger(label: "mpp.demo")
    logger.logLevel = .error
    return logger
  }()
}
