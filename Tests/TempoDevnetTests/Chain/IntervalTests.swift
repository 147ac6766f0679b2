import EVM
import MPPCore
import Synchronization
import Tempo
import TempoDevnet
import Testing

/// `03` §4.3 and §11: when blocks come.
@Suite struct Intervals {
  @Test func blocksThatAreDueAreMade() async throws {
    let h = try Harness { $0.sealing = .interval(milliseconds: 200) }
    h.devnet.clock.advance(milliseconds: 199)
    #expect(try await h.rpc("eth_blockNumber") == "0x0")
    h.devnet.clock.advance(milliseconds: 1)
    #expect(try await h.rpc("eth_blockNumber") == "0x1")
    h.devnet.clock.advance(milliseconds: 1_000)
    let block = try await h.rpc("eth_getBlockByNumber", "latest", false)
    #expect(block["number"] == "0x6")
    #expect(block["timestampMillis"]?.stringValue == Hex.quantity(Harness.t0 * 1_000 + 1_200))
    // After a long time the chain catches up in a bounded number of blocks.
    h.devnet.clock.advance(seconds: 1_000_000)
    let late = try await h.rpc("eth_getBlockByNumber", "latest", false)
    #expect(late["number"]?.stringValue == Hex.quantity(1_030 as UInt64))
    #expect(late["timestamp"]?.stringValue == Hex.quantity(h.now))
  }

  @Test func transactionsWaitForTheirBlockInOrder() async throws {
    let h = try Harness { $0.sealing = .interval(milliseconds: 200) }
    let first = try h.raw([h.transfer(1, to: h.payee.address)], from: h.payer)
    let second = try h.raw([h.transfer(2, to: h.payee.address)], from: h.payer)
    let a = try await h.rpc("eth_sendRawTransaction", .string(Hex.encode(first)))
    let b = try await h.rpc("eth_sendRawTransaction", .string(Hex.encode(second)))
    #expect(try await h.rpc("eth_getTransactionReceipt", a) == .null)
    // With a clock in hand no time passes while a request waits.
    let sync = try h.raw([h.transfer(3, to: h.payee.address)], from: h.payer)
    let error = try await h.failure("eth_sendRawTransactionSync", .string(Hex.encode(sync)))
    #expect(error?.code == 4)
    #expect(error?.message.contains("was added to the mempool but wasn't") == true)
    h.devnet.clock.advance(milliseconds: 200)
    let block = try await h.rpc("eth_getBlockByNumber", "latest", false)
    #expect(block["transactions"]?.arrayValue == [a, b, error?.data ?? .null])
    #expect(try await h.rpc("eth_getTransactionReceipt", b)["cumulativeGasUsed"] == "0x186a0")
    #expect(h.units(h.payee) == Harness.initial + 6)
  }

  @Test func g10FiftyPaymentsAtOnce() async throws {
    let h = try Harness { $0.sealing = .interval(milliseconds: 200) }
    let raws = try (0..<50).map { index in
      try h.sponsoredRaw([h.transfer(UInt128(index + 1), to: h.payee.address)], from: h.payer, by: h.sponsor)
    }
    await withTaskGroup(of: Void.self) { group in
      for raw in raws {
        group.addTask { _ = try? await h.rpc("eth_sendRawTransaction", .string(Hex.encode(raw))) }
      }
    }
    #expect(h.devnet.pendingTransactions.count == 50)
    h.devnet.clock.advance(milliseconds: 200)
    _ = try await h.rpc("eth_blockNumber")
    #expect(h.devnet.receipts().count == 50)
    #expect(h.devnet.receipts().allSatisfy { $0.succeeded })
    #expect(h.units(h.payee) == Harness.initial + 1_275)
    #expect(h.units(h.payer) == Harness.initial - 1_275)
    #expect(h.units(h.sponsor) == Harness.initial - 50 * Harness.fee)
    #expect(h.devnet.audit() == [])
  }

  /// Time passes only while somebody waits: each look is some milliseconds later.
  private final class PassingClock: WallClock {
    private let value = Mutex<Int64>(Int64(Harness.t0) * 1_000)
    var now: Timestamp {
      Timestamp(
        milliseconds: value.withLock {
          $0 += 20
          return $0
        })
    }
  }

  @Test func aSynchronousSendWaitsForItsBlock() async throws {
    var configuration = DevnetConfiguration.commandLine()
    configuration.sealing = .interval(milliseconds: 100)
    let h = Harness(devnet: try Devnet(configuration: configuration, wallClock: PassingClock()))
    let raw = try h.raw([h.transfer(5, to: h.payee.address)], from: h.payer)
    let receipt = try await h.rpc("eth_sendRawTransactionSync", .string(Hex.encode(raw)), 30_000)
    #expect(receipt["status"] == "0x1")
    try await h.rpc("evm_setIntervalMining", 600_000)
    let late = try h.raw([h.transfer(5, to: h.payee.address)], from: h.payer)
    let error = try await h.failure("eth_sendRawTransactionSync", .string(Hex.encode(late)), 1)
    #expect(error?.code == 4)
  }

  @Test func theModeCanChange() async throws {
    let h = try Harness()
    try await h.rpc("evm_setAutomine", false)
    let raw = try h.raw([h.transfer(1, to: h.payee.address)], from: h.payer)
    let hash = try await h.rpc("eth_sendRawTransaction", .string(Hex.encode(raw)))
    #expect(h.devnet.pendingTransactions.count == 1)
    try await h.rpc("evm_setAutomine", true)
    #expect(try await h.rpc("eth_getTransactionReceipt", hash)["status"] == "0x1")
    try await h.rpc("evm_setIntervalMining", 1_000)
    let other = try h.raw([h.transfer(1, to: h.payee.address)], from: h.payer)
    let waiting = try await h.rpc("eth_sendRawTransaction", .string(Hex.encode(other)))
    #expect(try await h.rpc("anvil_dropTransaction", waiting) == waiting)
    #expect(try await h.rpc("anvil_dropTransaction", waiting) == .null)
    h.devnet.clock.advance(seconds: 1)
    #expect(try await h.rpc("eth_getTransactionReceipt", waiting) == .null)
    try await h.rpc("evm_setIntervalMining", 0)
    h.devnet.clock.advance(seconds: 5)
    let number = try await h.rpc("eth_blockNumber")
    #expect(try await h.rpc("anvil_nodeInfo")["currentBlockNumber"] == number)
  }

  @Test func feesAndGasCanChange() async throws {
    let h = try Harness()
    try await h.rpc("devnet_setBaseFee", 10_000_000_000)
    #expect(try await h.send(h.transfer(1, to: h.payee.address), from: h.payer).fee.units == 500)
    try await h.rpc("devnet_setGasModel", "schedule")
    let receipt = try await h.send(h.transfer(1, to: h.payee.address), from: h.payer)
    #expect(receipt.gasUsed != 50_000)
    let trace = try await h.rpc("devnet_trace", .string(receipt.hash.hex))
    #expect(trace["gasBreakdown"]?["execution"]?.stringValue == Hex.quantity(18_000))
    #expect(trace["logs"]?.arrayValue?.count == 2)
    #expect(try await h.failure("devnet_setGasModel", "free")?.code == -32602)
  }

  @Test func channelsAndKeysCanBeListed() async throws {
    let h = try Harness()
    let (scene, _) = try await ChannelScene.opened(h)
    let w = try AccessScene(h)
    try await w.begun()
    let channels = try await h.rpc("devnet_channels")
    #expect(channels.arrayValue?.first?["channelId"]?.stringValue == scene.id.hex)
    #expect(channels.arrayValue?.first?["deposit"] == "10000000")
    let key = try await h.rpc("devnet_keys", .string(h.payer.address.hex)).arrayValue?.first
    #expect(key?["keyId"]?.stringValue == w.key.address.hex)
    #expect(key?["limits"]?.arrayValue?.first?["remaining"] == "2000000")
    #expect(key?["allowedCalls"] == .null)
  }
}
