import EVM
import MPPCore
import Tempo
import TempoDevnet
import Testing

/// `03` §4, §5 and §11: time, snapshots, and blocks that are made by hand.
@Suite struct Control {
  let h: Harness
  init() throws { h = try Harness() }

  @Test func snapshotsRestoreEverything() async throws {
    let before = try await h.dump()
    let id = try await h.rpc("evm_snapshot")
    _ = try await ChannelScene.opened(h)
    try await h.rpc("evm_increaseTime", 100)
    #expect(try await h.dump() != before)
    #expect(try await h.rpc("evm_revert", id) == true)
    #expect(try await h.dump() == before)
    #expect(h.now == Harness.t0)
    #expect(try await h.rpc("evm_revert", id) == false)
  }

  @Test func timeControl() async throws {
    #expect(try await h.rpc("evm_increaseTime", "0x3c") == 60)
    #expect(h.now == Harness.t0 + 60)
    #expect(try await h.rpc("evm_setNextBlockTimestamp", .integer(Int64(Harness.t0) + 500)) == .null)
    try await h.rpc("evm_mine")
    #expect(
      try await h.rpc("eth_getBlockByNumber", "latest", false)["timestamp"]?.stringValue
        == Hex.quantity(Harness.t0 + 500))
    #expect(h.now == Harness.t0 + 500)
    #expect(try await h.failure("evm_setNextBlockTimestamp", 5)?.code == -32602)
    try await h.rpc("evm_mine", 3)
    #expect(h.devnet.blockNumber == 4)
  }

  @Test func equalRequestsGiveEqualChains() async throws {
    func run() async throws -> String {
      let h = try Harness()
      let (scene, _) = try await ChannelScene.opened(h)
      try await scene.settle(1_000)
      try await h.rpc("tempo_fundAddress", .string(h.stranger.address.hex))
      return try await h.dump()
    }
    #expect(try await run() == run())
  }

  @Test func manualSealingKeepsTransactionsPending() async throws {
    let h = try Harness { $0.sealing = .manual }
    let raw = try h.raw([h.transfer(1_000, to: h.payee.address)], from: h.payer)
    let hash = try await h.rpc("eth_sendRawTransaction", .string(Hex.encode(raw)))
    #expect(try await h.rpc("eth_getTransactionReceipt", hash) == .null)
    #expect(try await h.rpc("eth_getTransactionByHash", hash)["blockHash"] == .null)
    #expect(try await h.refusal(raw)?.message == "already known")
    h.devnet.mine()
    #expect(try await h.rpc("eth_getTransactionReceipt", hash)["status"] == "0x1")
    let sync = try await h.failure(
      "eth_sendRawTransactionSync",
      .string(Hex.encode(try h.raw([h.transfer(1, to: h.payee.address)], from: h.payer))))
    #expect(sync?.code == 4)
    #expect(sync?.message.contains("was added to the mempool but wasn't") == true)
  }

  @Test func aPendingTransactionThatExpiresVanishes() async throws {
    let h = try Harness { $0.sealing = .manual }
    let raw = try h.raw([h.transfer(1_000, to: h.payee.address)], from: h.payer)
    let hash = try await h.rpc("eth_sendRawTransaction", .string(Hex.encode(raw)))
    h.devnet.clock.advance(seconds: 25)
    h.devnet.mine()
    #expect(h.devnet.pendingTransactions.isEmpty)
    #expect(try await h.rpc("eth_getTransactionByHash", hash) == .null)
    #expect(h.units(h.payer) == Harness.initial)
  }
}
