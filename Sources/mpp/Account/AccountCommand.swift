import ArgumentParser
import EVM
import MPPCore
import Tempo
import TempoRPC

struct AccountCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "account",
    abstract: "Make an account, see what it holds, get test tokens for it.",
    subcommands: [AccountCreateCommand.self, AccountBalanceCommand.self, AccountFundCommand.self])
}

/// An account by its address, or by its key.
struct AccountOptions: ParsableArguments {
  @Argument(help: "Its address. Default: the account of --key.")
  var address: String?
  @Option(help: ArgumentHelp(KeySource.help, valueName: "source"))
  var key: String?
  @OptionGroup var chain: ChainOptions
  @Flag(name: .customLong("json"), help: "JSON on stdout; see docs/cli.md.")
  var isJSON = false

  func account() async throws -> Address {
    guard let address else { return try await KeySource.key(key).address }
    guard key == nil else { throw CommandFailure(.usage, "an address or --key, not both") }
    do {
      return try Address(hex: address)
    } catch {
      throw CommandFailure(.usage, "\(address) is not an address (0x and 40 hex digits)")
    }
  }

  /// A client of the chain, which was asked for its id.
  func connect() async throws -> (client: ChainClient, chainID: UInt64) {
    let url = try chain.url()
    let chainID = try await chain.resolvedChainID(url)
    return (ChainClient(transport: AsyncHTTPRPCTransport(url: url), clock: SystemWallClock()), chainID)
  }
}

struct AccountCreateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "create",
    abstract: "Make a key and write it to a new file that only you may read.",
    discussion:
      "The key itself is not printed. Keep a copy of the file: what the account holds is lost with it.")

  @Argument(help: "The file; it must not exist.")
  var file: String
  @Flag(name: .customLong("json"), help: "JSON on stdout; see docs/cli.md.")
  var isJSON = false

  func run() async throws {
    let key = try Secp256k1PrivateKey(SystemRandomSource().fill(32))
    try KeyFile.write(key, to: file)
    let address = key.address.checksummed
    if isJSON {
      return Output.json(["event": "account", "address": .string(address), "file": .string(file)])
    }
    Output.line(address)
    Output.note("mpp: its key is in \(file); use it with --key \(file)")
  }
}

struct AccountBalanceCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "balance", abstract: "What an account holds on the chain.")

  @OptionGroup var options: AccountOptions
  @Option(help: "A token by its address; may be repeated. Default: those payments are usually made in.")
  var currency: [String] = []

  func run() async throws {
    let account = try await options.account()
    let named = try currency.map { text in
      guard let address = try? Address(hex: text) else {
        throw CommandFailure(.usage, "\(text) is not an address (0x and 40 hex digits)")
      }
      return address
    }
    let (client, chainID) = try await options.connect()
    let usual = [TempoAddress.pathUSD, TempoChain.defaultCurrency(chainID: chainID)]
    var shown: [Address] = []
    for token in named.isEmpty ? usual : named where !shown.contains(token) { shown.append(token) }
    var rows: [[String]] = []
    for token in shown {
      let amount = try await Progress.during(
        { "asking the node for the balance" },
        work: { Amount(units: try await client.balance(of: account, token: token)) })
      if options.isJSON {
        Output.json([
          "event": "balance", "address": .string(account.checksummed), "token": .string(token.checksummed),
          "amount": amount.json, "chainId": .integer(Int64(clamping: chainID)),
        ])
      }
      rows.append([token.checksummed, Money.text(amount), Self.name(token)])
    }
    if !options.isJSON { for line in TextTable.lines(rows, rightAligned: [1]) { Output.line(line) } }
  }

  private static func name(_ token: Address) -> String {
    switch token {
    case TempoAddress.pathUSD: "pathUSD"
    case TempoAddress.usdcE: "USDC.e"
    default: ""
    }
  }
}

struct AccountFundCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fund",
    abstract: "Ask the chain's faucet for test tokens; for development chains and the public test network.")

  @OptionGroup var options: AccountOptions

  func run() async throws {
    let account = try await options.account()
    let (client, chainID) = try await options.connect()
    guard chainID != TempoChain.mainnet else {
      throw CommandFailure(.usage, "there is no faucet on the main network")
    }
    let hashes = try await Progress.during(
      { "asking for the faucet" }, work: { try await Self.ask(client, account) })
    for hash in hashes {
      let receipt = try await Progress.during(
        { "waiting for the faucet" },
        work: { try await client.waitForReceipt(hash, deadlineMilliseconds: 30_000) })
      guard receipt.succeeded else {
        throw CommandFailure(.failure, "a transaction of the faucet was reverted: \(hash.hex)")
      }
    }
    if options.isJSON {
      return Output.json([
        "event": "funded", "address": .string(account.checksummed),
        "transactions": .array(hashes.map { .string($0.hex) }),
      ])
    }
    Output.line("\(account.checksummed) was funded; see: mpp account balance \(account.checksummed)")
  }

  private static func ask(_ client: ChainClient, _ account: Address) async throws -> [Hash32] {
    let answer: JSONValue
    do {
      answer = try await client.read("tempo_fundAddress", [.string(account.hex)])
    } catch  where error.isRetryable {
      throw CommandFailure(.unreachable, "the node does not answer: \(error)")
    } catch {
      throw CommandFailure(.failure, "this chain has no faucet, or it refused: \(error)")
    }
    let texts = answer.arrayValue ?? [answer]
    return texts.compactMap { $0.stringValue.flatMap { try? Hash32(hex: $0) } }
  }
}
