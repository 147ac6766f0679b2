import ArgumentParser
import EVM
import MPPCore
import Tempo
import TempoDevnet

struct DevnetCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "devnet",
    abstract: "An embedded development chain that answers JSON-RPC on this machine only.",
    discussion: """
      It executes the real signed transactions: TIP-20 tokens, the channel reserve, fees. Prefunded keys are \
      public, and nothing survives the process. Prints `{"event":"ready",…}` when it listens; SIGINT or SIGTERM ends it.
      """)

  enum Clock: String, ExpressibleByArgument, CaseIterable { case system, manual }
  enum Sealing: String, ExpressibleByArgument, CaseIterable { case instant, manual }
  enum Switch: String, ExpressibleByArgument, CaseIterable { case on, off }
  enum Gas: String, ExpressibleByArgument, CaseIterable { case flat, schedule }
  enum Validity: String, ExpressibleByArgument, CaseIterable { case chain, wall }

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
  @Option(help: "When transactions become a block: each at once, or by evm_mine.")
  var seal = Sealing.instant
  @Option(help: "Whether the block number advances by itself, one a second.")
  var heartbeat = Switch.on
  @Option(help: "Price of one gas in attodollars.")
  var baseFee: UInt64 = 20_000_000_000
  @Option(help: "What a transaction costs: the same each, or by what it does.")
  var gas = Gas.flat
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
  @Flag(help: "Do not answer tempo_fundAddress.")
  var noFaucet = false
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
    let devnet: Devnet
    do {
      devnet = try Devnet(configuration: try configuration())
    } catch {
      throw CommandFailure(.devnetUsage, "the chain cannot be set up: \(error)")
    }
    let signals = await TerminationSignals()
    let bound = try await devnet.start(host: host, port: Int(port))
    let url = "http://\(host.contains(":") ? "[\(host)]" : host):\(bound)"
    describe(devnet, url)
    Output.json(["event": "ready", "url": .string(url), "chainId": .integer(Int64(clamping: chainID))])
    await signals.wait()
    await devnet.shutdown()
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
    configuration.sealing = seal == .instant ? .instant : .manual
    configuration.heartbeat = heartbeat == .on
    configuration.baseFee = baseFee
    configuration.gasModel = gas == .flat ? .flat : .schedule
    configuration.expiryWindow = expiryWindow
    configuration.poolMargin = poolMargin
    configuration.validityClock = validityClock == .chain ? .chain : .wall
    configuration.accountCount = accounts
    configuration.initialBalance = try initialBalance()
    configuration.faucet = !noFaucet
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
      Blocks    sealing \(seal.rawValue), clock \(clock.rawValue), heartbeat \(heartbeat.rawValue)
      Fees      base fee \(baseFee) attodollars a gas, gas \(gas.rawValue)
      Faucet    \(noFaucet ? "off" : devnet.faucet.address.checksummed)
      Sponsor   \(devnet.sponsor.address.checksummed)
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
