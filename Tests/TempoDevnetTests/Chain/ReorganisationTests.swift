import EVM
import MPPCore
import Tempo
import TempoDevnet
import Testing

/// `03` §12.3 and §15 G5, G6: blocks that are taken back.
@Suite struct Reorganisations {
  let h: Harness
  init() throws { h = try Harness() }

  private func payment() throws -> [UInt8] {
    try h.raw([h.transfer(1_000_000, to: h.payee.address)], from: h.payer)
  }

  @Test func g5DroppedTransactionsVanish() async throws {
    let raw = try payment()
    let hash = JSONValue.string(Keccak256.hash(raw).hex)
    try await h.send(raw)
    #expect(h.devnet.blockNumber == 1)
    #expect(try await h.rpc("devnet_reorg", ["depth": 1, "mode": "drop"]) == [])
    #expect(h.devnet.blockNumber == 0)
    #expect(h.units(h.payer) == Harness.initial)
    #expect(h.units(h.payee) == Harness.initial)
    #expect(h.units(TempoAddress.feeManager) == 0)
    #expect(try await h.rpc("eth_getTransactionReceipt", hash) == .null)
    // The replay hash is gone with the block.
    #expect(try await h.send(raw).succeeded)
    #expect(h.units(h.payee) == Harness.initial + 1_000_000)
  }

  @Test func g6TransactionsComeBackInAnotherBlock() async throws {
    let raw = try payment()
    let hash = JSONValue.string(Keccak256.hash(raw).hex)
    try await h.send(raw)
    let before = try await h.rpc("eth_getTransactionReceipt", hash)
    #expect(try await h.rpc("devnet_reorg", ["depth": 1, "mode": "readd"]) == [hash])
    let after = try await h.rpc("eth_getTransactionReceipt", hash)
    #expect(after["status"] == "0x1")
    #expect(after["blockNumber"] == before["blockNumber"])
    #expect(after["blockHash"] != before["blockHash"])
    #expect(h.units(h.payee) == Harness.initial + 1_000_000)
    let pinned = try await h.failure(
      "eth_call", ["to": .string(TempoAddress.pathUSD.hex), "data": "0x18160ddd"],
      ["blockHash": before["blockHash"] ?? .null])
    #expect(pinned?.code == -32001)
  }

  @Test func whatHasExpiredDoesNotComeBack() async throws {
    let raw = try payment()
    try await h.send(raw)
    h.devnet.clock.advance(seconds: 25)
    #expect(try await h.rpc("devnet_reorg", ["depth": 1, "mode": "readd"]) == [])
    #expect(h.units(h.payee) == Harness.initial)
  }

  @Test func othersTakeTheirPlace() async throws {
    try await h.send(payment())
    let other = try h.raw([h.transfer(7, to: h.stranger.address)], from: h.payer)
    #expect(
      try h.devnet.reorganise(depth: 1, .replace([other])) == [Keccak256.hash(other)])
    #expect(h.units(h.payee) == Harness.initial)
    #expect(h.units(h.stranger) == Harness.initial + 7)
  }

  @Test func whatWasSetFromOutsideStays() async throws {
    h.devnet.setBalance(Amount(units: 5_000_000), of: h.payer.address)
    try await h.send(payment())
    try h.devnet.reorganise(depth: 1, .drop)
    #expect(h.units(h.payer) == 5_000_000)
  }

  @Test func onlyWhatThereIsCanBeTakenBack() async throws {
    #expect(try await h.failure("devnet_reorg", ["depth": 1])?.code == -32602)
    h.devnet.mine(3)
    #expect(try await h.failure("devnet_reorg", ["depth": 4])?.code == -32602)
    #expect(try await h.failure("devnet_reorg", ["depth": 1, "mode": "sideways"])?.code == -32602)
    #expect(try await h.failure("devnet_reorg", ["depth": 3]) == nil)
    #expect(h.devnet.blockNumber == 0)
  }

  @Test func filtersTellOfRemovedLogs() async throws {
    let filter = try await h.rpc("eth_newFilter", ["address": .string(TempoAddress.pathUSD.hex)])
    let blocks = try await h.rpc("eth_newBlockFilter")
    try await h.send(payment())
    #expect(try await h.rpc("eth_getFilterChanges", filter).arrayValue?.count == 2)
    #expect(try await h.rpc("eth_getFilterChanges", filter) == [])
    #expect(try await h.rpc("eth_getFilterChanges", blocks).arrayValue?.count == 1)
    try await h.rpc("devnet_reorg", ["depth": 1, "mode": "readd"])
    let changes = try #require(try await h.rpc("eth_getFilterChanges", filter).arrayValue)
    #expect(changes.map { $0["removed"]?.boolValue } == [true, true, false, false])
    #expect(changes[0]["blockHash"] != changes[2]["blockHash"])
    #expect(try await h.rpc("eth_getFilterChanges", blocks).arrayValue?.count == 1)
  }

  @Test func filters() async throws {
    let (scene, _) = try await ChannelScene.opened(h)
    let byChannel: JSONValue = [
      "fromBlock": "earliest", "topics": [.null, .string(scene.id.hex)],
    ]
    let all = try await h.rpc("eth_newFilter", byChannel)
    #expect(try await h.rpc("eth_getFilterLogs", all).arrayValue?.count == 1)
    // Changes begin with the filter.
    #expect(try await h.rpc("eth_getFilterChanges", all) == [])
    try await scene.settle(5)
    #expect(try await h.rpc("eth_getFilterChanges", all).arrayValue?.count == 1)
    #expect(try await h.rpc("eth_getFilterLogs", all).arrayValue?.count == 2)
    #expect(try await h.rpc("eth_uninstallFilter", all) == true)
    #expect(try await h.rpc("eth_uninstallFilter", all) == false)
    #expect(try await h.failure("eth_getFilterChanges", all)?.message == "filter not found")
    let bounded = try await h.rpc("eth_newFilter", ["toBlock": "0x0"])
    try await scene.settle(6)
    #expect(try await h.rpc("eth_getFilterChanges", bounded) == [])
    for _ in 0..<255 { try await h.rpc("eth_newBlockFilter") }
    #expect(try await h.failure("eth_newBlockFilter")?.message == "too many filters")
  }

  @Test func pendingTransactionsAreToldOnce() async throws {
    let h = try Harness { $0.sealing = .manual }
    let filter = try await h.rpc("eth_newPendingTransactionFilter")
    let raw = try h.raw([h.transfer(1, to: h.payee.address)], from: h.payer)
    let hash = try await h.rpc("eth_sendRawTransaction", .string(Hex.encode(raw)))
    #expect(try await h.rpc("eth_getFilterChanges", filter) == [hash])
    h.devnet.mine()
    #expect(try await h.rpc("eth_getFilterChanges", filter) == [])
  }
}
