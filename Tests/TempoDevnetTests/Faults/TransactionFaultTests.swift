import EVM
import MPPCore
import Tempo
import TempoDevnet
import Testing

/// `03` §12: faults of transactions, and what rules can look at.
@Suite struct TransactionFaults {
  let h: Harness
  init() throws { h = try Harness() }

  private func payment() throws -> [UInt8] {
    try h.raw([h.transfer(1_000, to: h.payee.address)], from: h.payer)
  }

  @Test func g7TheSecondOfTwoIsARefusal() async throws {
    h.devnet.faults.inject(.broadcast, .duplicate)
    let receipt = try await h.send(payment())
    let trace = try await h.rpc("devnet_trace", .string(receipt.hash.hex))
    #expect(trace["duplicate"]?.stringValue?.contains("ExpiringNonceReplay") == true)
    #expect(h.units(h.payee) == Harness.initial + 1_000)
  }

  @Test func anInjectedOutOfGasTakesTheWholeLimit() async throws {
    h.devnet.faults.inject(.broadcast, .outOfGas)
    let receipt = try await h.send(payment())
    #expect(!receipt.succeeded)
    #expect(receipt.gasUsed == 100_000)
    #expect(receipt.logs == [try h.feeLog(h.payer, 2_000)])
    #expect(h.units(h.payee) == Harness.initial)
  }

  @Test func aTransactionCanBeHeldForATime() async throws {
    h.devnet.faults.inject(.broadcast, .holdFor(milliseconds: 10_000), count: 2)
    let raw = try payment()
    let hash = try await h.rpc("eth_sendRawTransaction", .string(Hex.encode(raw)))
    h.devnet.clock.advance(seconds: 9)
    h.devnet.mine()
    #expect(try await h.rpc("eth_getTransactionReceipt", hash) == .null)
    h.devnet.clock.advance(seconds: 1)
    h.devnet.mine()
    #expect(try await h.rpc("eth_getTransactionReceipt", hash)["status"] == "0x1")
    // One that is held beyond its window is never mined.
    let late = try h.raw([h.transfer(1, to: h.payee.address)], from: h.payer) { $0.validBefore = h.now + 5 }
    let lost = try await h.rpc("eth_sendRawTransaction", .string(Hex.encode(late)))
    h.devnet.clock.advance(seconds: 20)
    h.devnet.mine()
    #expect(try await h.rpc("eth_getTransactionReceipt", lost) == .null)
    #expect(h.devnet.pendingTransactions.isEmpty)
  }

  @Test func aReceiptCanBeHiddenForATime() async throws {
    h.devnet.faults.inject(.broadcast, .hideReceiptFor(milliseconds: 3_000))
    let hash = try await h.rpc("eth_sendRawTransaction", .string(Hex.encode(try payment())))
    #expect(h.units(h.payee) == Harness.initial + 1_000)
    h.devnet.clock.advance(milliseconds: 2_999)
    #expect(try await h.rpc("eth_getTransactionReceipt", hash) == .null)
    h.devnet.clock.advance(milliseconds: 1)
    #expect(try await h.rpc("eth_getTransactionReceipt", hash)["status"] == "0x1")
  }

  @Test func g9APatchedReceiptLiesEverywhere() async throws {
    let forged: JSONValue = ["status": "0x0", "logs": []]
    h.devnet.faults.inject(.broadcast, .patchReceipt(forged))
    let raw = try payment()
    let sync = try await h.rpc("eth_sendRawTransactionSync", .string(Hex.encode(raw)))
    #expect(sync["status"] == "0x0")
    let polled = try await h.rpc("eth_getTransactionReceipt", sync["transactionHash"] ?? .null)
    #expect(polled == sync)
    #expect(h.units(h.payee) == Harness.initial + 1_000)
    h.devnet.faults.clear()
    let honest = try await h.rpc("eth_getTransactionReceipt", sync["transactionHash"] ?? .null)
    #expect(honest["status"] == "0x1")
  }

  @Test func g4AfterItsWindowADroppedPaymentCanBeMadeAnew() async throws {
    h.devnet.faults.inject(.broadcast, .drop)
    let hash = try await h.rpc("eth_sendRawTransaction", .string(Hex.encode(try payment())))
    h.devnet.clock.advance(seconds: 30)
    #expect(try await h.rpc("eth_getTransactionReceipt", hash) == .null)
    #expect(try await h.send(payment()).succeeded)
    #expect(h.units(h.payee) == Harness.initial + 1_000)
  }

  @Test func rulesByFeePayerAndChannel() async throws {
    let (scene, _) = try await ChannelScene.opened(h)
    h.devnet.faults.inject(FaultMatch(channelID: scene.id), .revert(), count: nil)
    h.devnet.faults.inject(FaultMatch(feePayer: h.sponsor.address), .outOfGas, count: nil)
    #expect(try await scene.settle(5).revertName == "injected")
    #expect(try await scene.close(5, capture: 5).revertName == "injected")
    #expect(try await h.send(payment()).succeeded)
    let sponsored = try h.sponsoredRaw([h.transfer(1, to: h.payee.address)], from: h.payer, by: h.sponsor)
    #expect(try await h.send(sponsored).revertName == "out of gas")
    let shown = try await h.rpc("devnet_faults").arrayValue
    #expect(shown?.count == 2)
    #expect(shown?[0]["fired"] == 2)
    #expect(shown?[0]["match"]?["channelId"]?.stringValue == scene.id.hex)
    #expect(shown?[1]["action"] == "outOfGas")
  }

  @Test func starsStandForAnything() async throws {
    h.devnet.faults.inject(.method("eth_*ByNumber"), .rpcError(code: -1, message: "star"))
    h.devnet.faults.inject(.method("*_getState"), .rpcError(code: -1, message: "front"))
    #expect(try await h.failure("eth_blockNumber") == nil)
    #expect(try await h.failure("eth_getBlockByNumber", "latest", false)?.message == "star")
    #expect(try await h.failure("devnet_getState")?.message == "front")
  }

  @Test func rulesByPath() async throws {
    try await h.rpc(
      "devnet_fault",
      ["match": ["path": "/sponsor"], "action": ["http": ["status": 500]], "count": .null, "probability": 1])
    #expect(try await h.rpc("eth_chainId") == "0x539")
    let body = Array(#"{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}"#.utf8)
    let reply = await h.devnet.exchange(body, path: "/sponsor")
    #expect(reply.outcome == .answer(status: 500, body: []))
  }

  @Test func newFaultsByJSONRPC() async throws {
    for action: JSONValue in [
      "duplicate", "outOfGas", ["hold": ["ms": 5]], ["hideReceipt": ["ms": 5]],
      ["patchReceipt": ["status": "0x0"]],
    ] {
      try await h.rpc(
        "devnet_fault", ["match": ["feePayer": .string(h.payer.address.hex)], "action": action])
    }
    let names = try await h.rpc("devnet_faults").arrayValue?.map { $0["action"]?.stringValue }
    #expect(names == ["duplicate", "outOfGas", "hold", "hideReceipt", "patchReceipt"])
  }
}
