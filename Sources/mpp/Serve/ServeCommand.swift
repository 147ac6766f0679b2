import ArgumentParser
import EVM
import Hummingbird
import Logging
import MPPCore
import MPPServer
import MPPStoreSQLite
import MPPTempoServer
import NIOCore
import Tempo
import TempoRPC
import UnixSignals

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "A demonstration API that is paid, 0.01 a request, in every way there is.",
    discussion: """
      Prints `{"event":"ready","url":…}` when it listens. SIGTERM or SIGINT ends it: running requests finish, \
      everything accepted is on disk. Run it again on the same ledger and it goes on where it was.
      """)

  @Option(help: "Port; 0 takes any free one.")
  var port: UInt16 = 8402
  @Option(help: "Address to listen on. Beyond this machine, put TLS in front.")
  var host = "127.0.0.1"
  @OptionGroup var chain: ChainOptions
  @Option(help: ArgumentHelp(KeySource.help, valueName: "source"))
  var key: String?
  @Option(
    help: ArgumentHelp(
      "Account that pays the fees of /charge/sponsored, as --key. Default: the one of --key.",
      valueName: "source"))
  var sponsor: String?
  @Option(
    help: ArgumentHelp(
      "Host that pays the fees of /charge/sponsored instead: https, or http on this machine.",
      valueName: "url"))
  var feePayer: String?
  @Option(help: "Ledger file, or `memory` to forget everything. Default: ledger.db in the state folder.")
  var ledger: String?
  @Option(
    help: ArgumentHelp(
      "What signs challenges: a file or env:NAME, at least 32 bytes. Default: env:MPP_SECRET_KEY.",
      valueName: "source"))
  var secret: String?
  @Option(help: "Name of the protection space, normally the host name.")
  var realm = "localhost"
  @Option(
    help: ArgumentHelp(
      "The token to be paid in. Default: the chain's usual one, pathUSD or USDC.e.", valueName: "address"))
  var currency: String?
  @Option(help: ArgumentHelp("Deposit to suggest to payers, in whole tokens.", valueName: "amount"))
  var suggestedDeposit: String?
  @Option(help: ArgumentHelp("Settle a channel after this many charges.", valueName: "count"))
  var settleEveryUnits: UInt64?
  @Option(help: ArgumentHelp("Settle a channel after this much was charged.", valueName: "amount"))
  var settleEveryAmount: String?
  @Option(help: ArgumentHelp("Settle a channel that owes something after this long.", valueName: "seconds"))
  var settleEverySeconds: UInt32?
  @Flag(name: .shortAndLong, help: "Log every request on stderr.")
  var verbose = false

  func validate() throws {
    guard settleEveryUnits != 0, settleEverySeconds != 0 else {
      throw ValidationError("settlement intervals are above zero")
    }
    guard sponsor == nil || feePayer == nil else {
      throw ValidationError("fees are paid by --sponsor or by --fee-payer, not by both")
    }
    if let currency, (try? Address(hex: currency)) == nil {
      throw ValidationError("\(currency) is not an address (0x and 40 hex digits)")
    }
  }

  func run() async throws {
    let url = try chain.url()
    let signer = LocalSigner(key: try await KeySource.key(key))
    let sponsor = try await feePayerOptions(signer)
    let secrets = try Self.secrets(secret)
    let chainID = try await chain.resolvedChainID(url)
    var logger = Logger(label: "mpp.serve") { CleanLog(label: $0) }
    logger.logLevel = verbose ? .debug : .warning
    let ledger = try openLedger()
    let payments = try await PaymentServer(
      realm: realm, secrets: secrets, ledger: ledger,
      methods: [
        .tempo(options(signer, url, chainID)),
        .tempoCharge(
          DemonstrationAPI.charges(
            to: signer, sponsor: sponsor, rpc: url, chainID: chainID, currency: currency)),
      ], logger: logger)
    let api = DemonstrationAPI(payments: payments, suggestedDeposit: suggestedDeposit)
    let application = try api.application(host: host, port: Int(port), logger: logger) { [host] (port: Int) in
      let address = "http://\(host.contains(":") ? "[\(host)]" : host):\(port)"
      Self.describe(address, signer.address, chainID)
    }
    try await run(application, logger)
  }

  private func run(_ application: some ApplicationProtocol, _ logger: Logger) async throws {
    do {
      try await application.runService(gracefulShutdownSignals: [.sigterm, .sigint])
    } catch let error as IOError where error.errnoCode == EADDRINUSE || error.errnoCode == EACCES {
      throw CommandFailure(
        .portTaken, "cannot listen on \(host) port \(port); it is taken, or not yours to take",
        hint: "`--port 0` takes any free port")
    }
  }

  static func secrets(_ source: String?) throws -> SecretSource {
    guard let source else {
      guard Environment.value("MPP_SECRET_KEY") != nil else {
        throw CommandFailure(
          .usage, "no secret to sign challenges with",
          hint: "export MPP_SECRET_KEY=\"$(openssl rand -base64 32)\", or pass --secret FILE")
      }
      return .environment("MPP_SECRET_KEY")
    }
    if source.hasPrefix("env:") { return .environment(String(source.dropFirst(4))) }
    return .file(source.hasPrefix("file:") ? String(source.dropFirst(5)) : source)
  }

  private func feePayerOptions(_ payee: LocalSigner) async throws -> FeePayerOptions {
    if let feePayer { return FeePayerOptions(host: .url(feePayer)) }
    guard let sponsor else { return FeePayerOptions(signer: payee) }
    return FeePayerOptions(signer: LocalSigner(key: try await KeySource.key(sponsor)))
  }

  private func openLedger() throws -> Ledger {
    if ledger == "memory" { return try Ledger(MemoryStore(), allowVolatileLedger: true) }
    let path = try StatePaths.file(ledger, default: "ledger.db")
    let opened = try Ledger.sqlite(at: path)
    try StatePaths.keepPrivate(path)
    return opened
  }

  private func options(
    _ signer: LocalSigner, _ url: String, _ chainID: UInt64
  ) -> TempoSessionOptions {
    var options = TempoSessionOptions(
      signer: signer, transport: AsyncHTTPRPCTransport(url: url), chainID: chainID)
    options.currency = currency
    options.bootstrap = .newestChannel
    if settleEveryUnits != nil || settleEveryAmount != nil || settleEverySeconds != nil {
      options.settlement = SettlementSchedule(
        units: settleEveryUnits, amount: settleEveryAmount,
        intervalMilliseconds: settleEverySeconds.map { Int64($0) * 1000 })
    }
    // An interval is looked at by the sweep, which must not be slower.
    if let seconds = settleEverySeconds {
      options.sweepInterval = min(options.sweepInterval, Int64(seconds) * 1000)
    }
    return options
  }

  private static func describe(_ url: String, _ payee: Address, _ chainID: UInt64) {
    let width = DemonstrationAPI.paths.map(\.path.count).max() ?? 0
    Output.line("\(DemonstrationAPI.price) a request, paid to \(payee.checksummed); \(url)/free is free")
    for (path, about) in DemonstrationAPI.paths {
      Output.line("  \(url)\(path)\(String(repeating: " ", count: width - path.count))  \(about)")
    }
    Output.line("Try    mpp request \(url)/charge --max-price \(DemonstrationAPI.price)")
    Output.json([
      "event": "ready", "url": .string(url), "chainId": .integer(Int64(clamping: chainID)),
      "payee": .string(payee.checksummed),
    ])
  }
}
