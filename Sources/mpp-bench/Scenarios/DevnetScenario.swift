import BenchSupport
import EVM
import MPPCore
import Tempo
import TempoDevnet

/// How fast the embedded chain executes signed transactions.
struct DevnetScenario: Scenario {
  let name = "devnet"
  let title = "signed transactions through the embedded chain's JSON-RPC, in process"

  func run(_ bench: Bench) async throws -> ScenarioReport {
    let devnet = try Devnet(configuration: .commandLine())
    let count = bench.count(1_000)
    var transfers = Samples()
    var opens = Samples()
    for round in 0..<bench.rounds {
      bench.note(name, round: round)
      // One account for each kind and round, so that every nonce is known before.
      let payers = devnet.accounts
      let first = payers[(2 * round) % payers.count]
      let second = payers[(2 * round + 1) % payers.count]
      let transferBodies = try Self.bodies(devnet, first, count) { index in
        Call(
          to: TempoAddress.pathUSD,
          data: try TIP20ABI.transferCalldata(to: second.address, amount: UInt128(index + 1)))
      }
      let openBodies = try Self.bodies(devnet, second, count) { index in
        Call(to: TempoAddress.channelReserve, data: try Self.openCalldata(first.address, round, index))
      }
      for index in 0..<count {
        transfers.add(nanoseconds: try await Self.send(devnet, transferBodies[index]))
        opens.add(nanoseconds: try await Self.send(devnet, openBodies[index]))
      }
    }
    let failed = devnet.receipts().filter { !$0.succeeded }.count
    guard failed == 0 else { throw BenchFailure("\(failed) transactions failed") }
    var report = bench.report(self)
    report.measurements = [Measurement("TIP-20 transfer", transfers), Measurement("channel open", opens)]
    return report
  }

  private static func send(_ devnet: Devnet, _ body: [UInt8]) async throws -> UInt64 {
    let start = Ticks.now()
    let answer = await devnet.handle(body)
    let elapsed = Ticks.since(start)
    let value = try JSONValue(parsing: answer)
    guard value["result"]?.stringValue != nil else {
      throw BenchFailure("the chain refused a transaction: \(String(decoding: answer, as: UTF8.self))")
    }
    return elapsed
  }

  private static func openCalldata(_ payee: Address, _ round: Int, _ index: Int) throws -> [UInt8] {
    var salt = [UInt8](repeating: 0, count: 32)
    for offset in 0..<8 {
      salt[offset] = UInt8(truncatingIfNeeded: round >> (8 * offset))
      salt[8 + offset] = UInt8(truncatingIfNeeded: index >> (8 * offset))
    }
    return try ChannelReserveABI.openCalldata(
      payee: payee, operator: .zero, token: TempoAddress.pathUSD, deposit: 1_000_000,
      salt: try Hash32(salt), authorizedSigner: .zero)
  }

  private static func bodies(
    _ devnet: Devnet, _ account: DevnetAccount, _ count: Int, _ call: (Int) throws -> Call
  ) throws -> [[UInt8]] {
    let nonce = devnet.nonce(of: account.address)
    return try (0..<count).map { index in
      let transaction = TempoTransaction(
        chainID: devnet.chainID, maxFeePerGas: UInt128(devnet.configuration.baseFee), gas: 5_000_000,
        calls: [try call(index)], nonce: nonce + UInt64(index), feeToken: TempoAddress.pathUSD)
      let signed = try SignedTempoTransaction(
        transaction, signature: .secp256k1(account.privateKey.sign(transaction.signingHash())))
      let body: JSONValue = [
        "jsonrpc": "2.0", "id": 1, "method": "eth_sendRawTransaction",
        "params": [.string(Hex.encode(signed.serialized))],
      ]
      return Array(body.serialized().utf8)
    }
  }
}
