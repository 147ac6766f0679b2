import EVM
import MPPCore
import Tempo
import TempoDevnet
import Testing

/// `03` §12: any single call can fail, be late or lose its answer.
@Suite struct Faults {
  let h: Harness
  init() throws { h = try Harness() }

  private func payment() throws -> [UInt8] {
    try h.raw([h.transfer(1_000, to: h.payee.address)], from: h.payer)
  }

  private func request(_ method: String, _ params: JSONValue...) -> [UInt8] {
    let json: JSONValue = ["jsonrpc": "2.0", "id": 1, "method": .string(method), "params": .array(params)]
    return Array(json.serialized().utf8)
  }

  @Test func onlyTheChosenCallFails() async throws {
    let rule = h.devnet.faults.inject(
      .method("eth_blockNumber"), .rpcError(code: -32005, message: "limit exceeded"), skip: 1)
    #expect(try await h.failure("eth_blockNumber") == nil)
    #expect(try await h.failure("eth_chainId") == nil)
    #expect(try await h.failure("eth_blockNumber")?.code == -32005)
    #expect(try await h.failure("eth_blockNumber") == nil)
    #expect(h.devnet.faults.timesFired(rule) == 1)
  }

  @Test func aLostReplyWasExecuted() async throws {
    h.devnet.faults.inject(.broadcast, .loseReply)
    let raw = try payment()
    let reply = await h.devnet.exchange(request("eth_sendRawTransactionSync", .string(Hex.encode(raw))))
    #expect(reply.outcome == .closed)
    let error = try await h.refusal(raw)
    #expect(error?.message.contains("ExpiringNonceReplay") == true)
    let hash = Keccak256.hash(raw).hex
    #expect(try await h.rpc("eth_getTransactionReceipt", .string(hash))["status"] == "0x1")
    #expect(h.units(h.payee) == Harness.initial + 1_000)
    #expect(h.devnet.requestCount("eth_sendRawTransactionSync") == 1)
  }

  @Test func aRefusedConnectionWasNotExecuted() async throws {
    h.devnet.faults.inject(.broadcast, .refuse)
    let raw = try payment()
    let reply = await h.devnet.exchange(request("eth_sendRawTransaction", .string(Hex.encode(raw))))
    #expect(reply.outcome == .closed)
    #expect(h.units(h.payee) == Harness.initial)
    #expect(try await h.refusal(raw) == nil)
  }

  @Test func aHungRequestIsNotExecuted() async throws {
    h.devnet.faults.inject(.broadcast, .hang(milliseconds: 1))
    let reply = await h.devnet.exchange(request("eth_sendRawTransaction", .string(Hex.encode(try payment()))))
    #expect(reply.outcome == .closed)
    #expect(h.units(h.payee) == Harness.initial)
  }

  @Test func httpFailuresAndGarbage() async throws {
    h.devnet.faults.inject(.method("eth_chainId"), .http(status: 429, body: "slow", retryAfterSeconds: 7))
    h.devnet.faults.inject(.method("eth_chainId"), .garbage)
    let limited = await h.devnet.exchange(request("eth_chainId"))
    #expect(limited.outcome == .answer(status: 429, body: Array("slow".utf8), retryAfterSeconds: 7))
    let garbage = await h.devnet.handle(request("eth_chainId"))
    #expect(throws: JSONParseError.self) { try JSONValue(parsing: garbage) }
    #expect(try await h.rpc("eth_chainId") == "0x539")
  }

  @Test func aDelayExecutesAtOnceAndAnswersLate() async throws {
    h.devnet.faults.inject(.broadcast, .delay(milliseconds: 1))
    let receipt = try await h.rpc("eth_sendRawTransactionSync", .string(Hex.encode(try payment())))
    #expect(receipt["status"] == "0x1")
  }

  @Test func aDroppedTransactionIsNeverMined() async throws {
    h.devnet.faults.inject(.broadcast, .drop)
    let raw = try payment()
    let hash = try await h.rpc("eth_sendRawTransaction", .string(Hex.encode(raw)))
    #expect(hash.stringValue == Keccak256.hash(raw).hex)
    h.devnet.mine(5)
    #expect(try await h.rpc("eth_getTransactionReceipt", hash) == .null)
    #expect(try await h.rpc("eth_getTransactionByHash", hash) == .null)
    // The same bytes are still good.
    #expect(try await h.refusal(raw) == nil)
  }

  @Test func aHeldTransactionIsMinedLater() async throws {
    h.devnet.faults.inject(.broadcast, .hold(blocks: 2))
    let raw = try payment()
    let hash = try await h.rpc("eth_sendRawTransaction", .string(Hex.encode(raw)))
    #expect(h.devnet.pendingTransactions.count == 1)
    #expect(try await h.refusal(raw)?.message == "already known")
    h.devnet.mine()
    #expect(try await h.rpc("eth_getTransactionReceipt", hash) == .null)
    h.devnet.mine()
    #expect(try await h.rpc("eth_getTransactionReceipt", hash)["status"] == "0x1")
    #expect(h.devnet.pendingTransactions.isEmpty)
  }

  @Test func aForcedRevertCostsTheFee() async throws {
    h.devnet.faults.inject(.broadcast, .revert(data: [1, 2, 3, 4]))
    let receipt = try await h.send(payment())
    #expect(!receipt.succeeded)
    #expect(receipt.revertData == [1, 2, 3, 4])
    #expect(receipt.logs == [try h.feeLog(h.payer)])
    #expect(h.units(h.payee) == Harness.initial)
  }

  @Test func aHiddenReceiptAppearsAfterSomePolls() async throws {
    h.devnet.faults.inject(.broadcast, .hideReceipt(polls: 3))
    let raw = try payment()
    let error = try await h.failure("eth_sendRawTransactionSync", .string(Hex.encode(raw)))
    #expect(error?.code == 4)
    let hash = JSONValue.string(Keccak256.hash(raw).hex)
    #expect(error?.data == hash)
    for _ in 0..<3 { #expect(try await h.rpc("eth_getTransactionReceipt", hash) == .null) }
    #expect(try await h.rpc("eth_getTransactionReceipt", hash)["status"] == "0x1")
  }

  @Test func staleReadsLagAndRefuseNewerBlocks() async throws {
    let (scene, receipt) = try await ChannelScene.opened(h)
    h.devnet.faults.inject(.method("eth_call"), .staleReads(blocks: 1), count: 2)
    let data = Hex.encode(try ChannelReserveABI.getChannelStateCalldata(scene.id))
    let call: JSONValue = ["to": .string(TempoAddress.channelReserve.hex), "data": .string(data)]
    let pinned = JSONValue.string(Hex.quantity(receipt.blockNumber))
    #expect(try await h.failure("eth_call", call, pinned)?.code == -32001)
    let stale = try await h.rpc("eth_call", call, "latest").stringValue
    #expect(stale == Hex.encode([UInt8](repeating: 0, count: 96)))
    #expect(try await h.failure("eth_call", call, pinned) == nil)
  }

  @Test func aPatchedResultLies() async throws {
    h.devnet.faults.inject(
      .method("eth_getTransactionReceipt"), .patchResult(["status": "0x0", "logs": .null]))
    let receipt = try await h.send(payment())
    let seen = try await h.rpc("eth_getTransactionReceipt", .string(receipt.hash.hex))
    #expect(seen["status"] == "0x0")
    #expect(seen["logs"] == nil)
    #expect(seen["from"]?.stringValue == h.payer.address.hex)
  }

  @Test func rulesLookAtTheTransaction() async throws {
    h.devnet.faults.inject(
      FaultMatch(method: "eth_sendRawTransaction*", from: h.payee.address), .refuse, count: nil)
    h.devnet.faults.inject(FaultMatch(to: TempoAddress.channelReserve), .rpcError(code: -1, message: "no"))
    #expect(try await h.refusal(payment()) == nil)
    let open = ChannelReserveCall.Open(
      payee: h.payee.address, operator: .zero, token: TempoAddress.pathUSD, deposit: 1, salt: .zero,
      authorizedSigner: .zero)
    let raw = try h.raw([h.reserve(.open(open))], from: h.payer)
    #expect(try await h.refusal(raw)?.code == -1)
    #expect(try await h.refusal(raw) == nil)
    h.devnet.faults.clear()
  }

  @Test func faultsByJSONRPC() async throws {
    try await h.rpc(
      "devnet_fault",
      [
        "match": ["rpc": "eth_gas*"], "skip": 1, "count": 1,
        "action": ["rpcError": ["code": -32603, "message": "boom"]],
      ])
    #expect(try await h.failure("eth_gasPrice") == nil)
    #expect(try await h.failure("eth_gasPrice")?.message == "boom")
    #expect(try await h.failure("eth_gasPrice") == nil)
    #expect(try await h.failure("devnet_fault", ["action": "unheard"])?.code == -32602)
    #expect(try await h.failure("devnet_fault")?.code == -32602)
    let log = try await h.rpc("devnet_rpcLog")
    #expect(log.arrayValue?.contains { $0["method"] == "eth_gasPrice" && $0["faulted"] == true } == true)
  }

  @Test func probabilityFollowsTheSeed() async throws {
    func pattern() async throws -> [Bool] {
      let h = try Harness { $0.seed = 42 }
      h.devnet.faults.inject(
        FaultRule(.method("eth_chainId"), .rpcError(code: -1, message: "x"), count: nil, probability: 0.5))
      var seen: [Bool] = []
      for _ in 0..<64 { seen.append(try await h.failure("eth_chainId") != nil) }
      return seen
    }
    let first = try await pattern()
    #expect(try await pattern() == first)
    #expect(first.contains(true) && first.contains(false))
  }
}
