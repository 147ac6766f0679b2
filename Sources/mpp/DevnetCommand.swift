import ArgumentParser
import EVM
import Foundation
import MPPCore
import Tempo
import TempoDevnet

struct DevnetCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "devnet",
    abstract: "An embedded development chain that answers JSON-RPC on this machine only.",
    discussion: """
      It executes the real signed transactions: TIP-20 tokens, the channel reserve, access keys, fees. Prefunded \
      keys are public. Nothing survives the process unless --state names a file. Prints `{"event":"ready",…}` when it listens; SIGINT or SIGTERM ends it.
      """)

  enum Clock: String, ExpressibleByArgument, CaseIterable { case system, manual }
  /// `instant`, `manual` or `interval:MILLISECONDS`.
  struct Sealing: ExpressibleByArgument {
    let mode: DevnetConfiguration.Sealing
    let text: String

    static let instant = Sealing(mode: .instant, text: "instant")

    private init(mode: DevnetConfiguration.Sealing, text: String) {
      self.mode = mode
      self.text = text
    }

    init?(argument: String) {
      let parts = argument.split(separator: ":", maxSplits: 1)
      switch (parts.first, parts.count == 2 ? Int(parts[1]) : nil) {
      case ("instant", nil) where parts.count == 1: mode = .instant
      case ("manual", nil) where parts.count == 1: mode = .manual
      case ("interval", let milliseconds?) where (1...3_600_000).contains(milliseconds):
        mode = .interval(milliseconds: milliseconds)
      default: return nil
      }
      text = argument
    }

    var defaultValueDescription: String { text }
  }
  enum Switch: String, ExpressibleByArgument, CaseIterable { case on, off }
  enum Gas: String, ExpressibleByArgument, CaseIterable { case flat, schedule }
  enum Validity: String, ExpressibleByArgument, CaseIterable { case chain, wall }
  enum CallFees: String, ExpressibleByArgument, CaseIterable { case off, node }

  @Option(help: "Port; 0 takes any free one.")
  var port: UInt16 = 8545
  @Option(help: "Address to listen on; anything but loopback needs --i-know.")
  var host = "127.0.0.1"
  @Flag(name: .customLong("i-know"), help: "Allow an address that other machines can reach.")
  var allowsRemoteConnections = false
  @Option(help: "Chain id.")
  var chainID: UInt64 = 1337
  @Option(help: "Where the time of blocks comes from.")
  var clock = Clock.system
  @Option(help: "Seconds since 1970 at which a manual clock starts; default: now.")
  var timestamp: Int64?
  @Option(help: "When transactions become a block: instant, interval:MILLISECONDS, or manual (evm_mine).")
  var seal = Sealing.instant
  @Option(help: "Whether the block number advances by itself, one a second.")
  var heartbeat = Switch.on
  @Option(help: "Price of one gas in attodollars.")
  var baseFee: UInt64 = 20_000_000_000
  @Option(help: "What a transaction costs: by what it does, or the same each.")
  var gas = Gas.schedule
  @Option(help: "Seconds an expiring nonce may lie ahead.")
  var expiryWindow: UInt64 = 30
  @Option(help: "Seconds that must be left of validBefore when a transaction arrives.")
  var poolMargin: UInt64 = 3
  @Option(help: "The clock that judges validBefore and validAfter.")
  var validityClock = Validity.chain
  @Option(help: "Prefunded accounts of each of the two derivation series, 1 to 20.")
  var accounts = 20
  @Option(help: "Base units of every token in each account.")
  var balance = "1000000000000"
  @Option(help: "Words the accounts are derived from.")
  var mnemonic = DevnetConfiguration().mnemonic
  @Flag(help: "Do not answer tempo_fundAddress.")
  var noFaucet = false
  @Option(help: "Whether the path /sponsor pays fees for others.")
  var sponsor = Switch.on
  @Option(help: "Whether eth_call asks for the fee when a price is given.")
  var callFees = CallFees.off
  @Option(help: "Whether eth_fillTransaction is answered.")
  var fill = Switch.off
  @Option(help: "File to load the chain from when it exists, and to save it to at the end.")
  var state: String?
  @Flag(help: "Print a line for each request and each transaction.")
  var log = false
  @Option(help: "Seed of the probability of fault rules.")
  var seed: UInt64 = 0

  func validate() throws {
    guard (1...20).contains(accounts) else { throw ValidationError("--accounts is between 1 and 20") }
    guard timestamp == nil || clock == .manual else {
      throw ValidationError("--timestamp needs --clock manual")
    }
    guard timestamp.map({ (0...253_402_300_799).contains($0) }) ?? true else {
      throw ValidationError("--timestamp is in seconds since 1970")
    }
    _ = try initialBalance()
  }

  func run() async throws {
    if let state { try Self.checkWritable(state) }
    let devnet = try chain()
    let signals = await TerminationSignals()
    let bound = try await devnet.start(host: host, port: Int(port))
    let url = "http://\(host.contains(":") ? "[\(host)]" : host):\(bound)"
    describe(devnet, url)
    Output.json(["event": "ready", "url": .string(url), "chainId": .integer(Int64(clamping: chainID))])
    let printer = log ? Task { await DevnetLog.print(devnet.events()) } : nil
    await signals.wait()
    printer?.cancel()
    await devnet.shutdown()
    if let state { try save(devnet, to: state) }
  }

  private func chain() throws -> Devnet {
    do {
      let configuration = try configuration()
      guard let state, FileManager.default.fileExists(atPath: state) else {
        return try Devnet(configuration: configuration)
      }
      let bytes = try Data(contentsOf: URL(fileURLWithPath: state))
      return try Devnet(configuration: configuration, restoring: Array(bytes))
    } catch {
      throw CommandFailure(.devnetUsage, "the chain cannot be set up: \(error)")
    }
  }

  /// The file is replaced when the chain ends; that it cannot be must not be found out then.
  private static func checkWritable(_ path: String) throws(CommandFailure) {
    let url = URL(fileURLWithPath: path)
    let folder = url.deletingLastPathComponent().path
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
      throw CommandFailure(.devnetUsage, "the chain cannot be saved to \(path): there is no folder \(folder)")
    }
    if FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder), isFolder.boolValue {
      throw CommandFailure(.devnetUsage, "the chain cannot be saved to \(path): it is a folder")
    }
    guard FileManager.default.isWritableFile(atPath: folder) else {
      throw CommandFailure(
        .devnetUsage, "the chain cannot be saved to \(path): \(folder) cannot be written to")
    }
  }

  private func save(_ devnet: Devnet, to path: String) throws {
    do {
      try Data(devnet.savedState()).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw CommandFailure(.devnetUsage, "the chain cannot be saved to \(path): \(error)")
    }
  }

  private func initialBalance() throws -> Amount {
    do {
      return try Amount(baseUnits: balance)
    } catch {
      throw ValidationError("--balance is a whole number of base units (1000000 are one token)")
    }
  }

  private func configuration() throws -> DevnetConfiguration {
    var configuration = DevnetConfiguration.commandLine(chainID: chainID)
    if clock == .manual {
      configuration.clock = .manual(timestamp.map { Timestamp(seconds: $0) } ?? SystemWallClock().now)
    }
    configuration.sealing = seal.mode
    configuration.heartbeat = heartbeat == .on
    configuration.baseFee = baseFee
    configuration.gasModel = gas == .flat ? .flat : .schedule
    configuration.expiryWindow = expiryWindow
    configuration.poolMargin = poolMargin
    configuration.validityClock = validityClock == .chain ? .chain : .wall
    configuration.accountCount = accounts
    configuration.initialBalance = try initialBalance()
    configuration.mnemonic = mnemonic
    configuration.faucet = !noFaucet
    configuration.sponsorEndpoint = sponsor == .on
    configuration.callFees = callFees == .off ? .off : .node
    configuration.fillsTransactions = fill == .on
    configuration.seed = seed
    configuration.allowsRemoteConnections = allowsRemoteConnections
    return configuration
  }

  private func describe(_ devnet: Devnet, _ url: String) {
    let each = devnet.configuration.initialBalance.decimalString(decimals: 6)
    Output.line(
      """
      An embedded development chain. Nothing on it has value, and every key below is public.

      RPC URL   \(url)
      Chain id  \(chainID)
      Blocks    sealing \(seal.text), clock \(clock.rawValue), heartbeat \(heartbeat.rawValue)
      Fees      base fee \(baseFee) attodollars a gas, gas \(gas.rawValue)
      Faucet    \(noFaucet ? "off" : devnet.faucet.address.checksummed)
      Sponsor   \(devnet.sponsor.address.checksummed)\(sponsor == .on ? ", pays at \(url)/sponsor" : "")
      Reserve   \(TempoAddress.channelReserve.checksummed)

      Tokens (6 decimals)
      """)
    for (name, address) in tokens { Output.line("  \(address.checksummed)  \(name)") }
    Output.line("")
    Output.line("Accounts, each with \(each) of every token; elsewhere in mpp: --key devnet:0, devnet:1, …")
    for (index, account) in devnet.accounts.enumerated() {
      let number = String(index)
      let padding = String(repeating: " ", count: max(0, 3 - number.count))
      Output.line("\(padding)\(number)  \(account.address.checksummed)  \(account.privateKeyHex)")
    }
    Output.line("")
  }

  private var tokens: [(String, Address)] {
    let common: [(String, Address)] = [
      ("pathUSD", TempoAddress.pathUSD), ("AlphaUSD", TempoAddress.alphaUSD),
      ("BetaUSD", TempoAddress.betaUSD), ("ThetaUSD", TempoAddress.thetaUSD),
    ]
    return chainID == TempoChain.mainnet ? common + [("USDC.e", TempoAddress.usdcE)] : common
  }
}
