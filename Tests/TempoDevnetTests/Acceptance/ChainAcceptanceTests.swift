import EVM
import MPPCore
import Tempo
import TempoDevnet
import Testing

/// `03` §15 G: the chain itself and its faults. G4 to G7, G9 and G10 stand with reorganisations, transaction faults
/// and intervals.
@Suite struct ChainAcceptance {
  let h: Harness
  init() throws { h = try Harness() }

  private func payment() throws -> [UInt8] {
    try h.raw([h.transfer(1_000_000, to: h.payee.address)], from: h.payer)
  }

  private func request(_ method: String, _ params: JSONValue...) -> [UInt8] {
    let json: JSONValue = ["jsonrpc": "2.0", "id": 1, "method": .string(method), "params": .array(params)]
    return Array(json.serialized().utf8)
  }

  private func channelState(_ scene: ChannelScene) throws -> JSONValue {
    [
      "to": .string(TempoAddress.channelReserve.hex),
      "data": .string(Hex.encode(try ChannelReserveABI.getChannelStateCalldata(scene.id))),
    ]
  }

  @Test func g1ASnapshotBringsEverythingBack() async throws {
    let before = try await h.dump()
    let id = try await h.rpc("evm_snapshot")
    let (scene, _) = try await ChannelScene.opened(h)
    #expect(try await h.dump() != before)
    #expect(try await h.rpc("evm_revert", id) == true)
    #expect(try await h.dump() == before)
    #expect(h.devnet.channel(scene.id) == nil)
    #expect(try await h.rpc("evm_revert", id) == false)
  }

  @Test func g2ALostReplyIsMinedOnce() async throws {
    h.devnet.faults.inject(.method("eth_sendRawTransactionSync"), .loseReply)
    let raw = try payment()
    let send = request("eth_sendRawTransactionSync", .string(Hex.encode(raw)))
    #expect(await h.devnet.exchange(send).outcome == .closed)
    let retry = try await h.failure("eth_sendRawTransactionSync", .string(Hex.encode(raw)))
    #expect(retry?.message.contains("ExpiringNonceReplay") == true)
    let receipt = try await h.rpc("eth_getTransactionReceipt", .string(Keccak256.hash(raw).hex))
    #expect(receipt["status"] == "0x1")
    #expect(h.units(h.payer) == 999_998_999_000)
    #expect(h.units(h.payee) == 1_000_001_000_000)
    #expect(h.devnet.receipts().count == 1)
  }

  @Test func g3AHiddenReceiptIsNullThreeTimes() async throws {
    try await h.rpc("devnet_fault", ["action": ["hideReceipt": ["polls": 3]]])
    let hash = try await h.rpc("eth_sendRawTransaction", .string(Hex.encode(try payment())))
    for _ in 0..<3 { #expect(try await h.rpc("eth_getTransactionReceipt", hash) == .null) }
    #expect(try await h.rpc("eth_getTransactionReceipt", hash)["status"] == "0x1")
  }

  @Test func g8AReplicaThatLagsFailsTwice() async throws {
    let (scene, receipt) = try await ChannelScene.opened(h)
    try await h.rpc(
      "devnet_fault",
      ["match": ["rpc": "eth_call"], "action": ["staleReads": ["blocks": 1, "count": 2]]])
    let pinned = JSONValue.string(Hex.quantity(receipt.blockNumber))
    for _ in 0..<2 {
      let error = try await h.failure("eth_call", channelState(scene), pinned)
      #expect(error?.code == -32001)
      #expect(error?.message.contains("block not found") == true)
    }
    let answer = try await h.rpc("eth_call", channelState(scene), pinned)
    let state = try ChannelReserveABI.decodeState(try Hex.decode(answer.stringValue ?? ""))
    #expect(state.deposit == 10_000_000)
  }

  @Test func g11EqualRunsGiveEqualDumps() async throws {
    func run() async throws -> [String] {
      let h = try Harness { $0.seed = 7 }
      h.devnet.faults.inject(
        FaultRule(.method("eth_chainId"), .rpcError(code: -1, message: "x"), count: nil, probability: 0.5))
      var seen: [String] = []
      for _ in 0..<8 { seen.append(try await h.failure("eth_chainId")?.message ?? "") }
      let (scene, opened) = try await ChannelScene.opened(h)
      try await scene.settle(2_500_000)
      h.devnet.clock.advance(seconds: 5)
      try await scene.close(4_000_000, capture: 3_000_000)
      let receipt = try await h.rpc("eth_getTransactionReceipt", .string(opened.hash.hex))
      return seen + [receipt.serialized(), try await h.dump()]
    }
    #expect(try await run() == run())
  }

  @Test func g12FailuresOfTheTransportAreSeenInTheLog() async throws {
    for action: FaultAction in [
      .http(status: 429, retryAfterSeconds: 3), .http(status: 503), .garbage, .hang(milliseconds: 1),
    ] {
      h.devnet.faults.inject(.method("eth_gasPrice"), action)
    }
    let outcomes = [
      await h.devnet.exchange(request("eth_gasPrice")), await h.devnet.exchange(request("eth_gasPrice")),
      await h.devnet.exchange(request("eth_gasPrice")), await h.devnet.exchange(request("eth_gasPrice")),
    ].map(\.outcome)
    #expect(outcomes[0] == .answer(status: 429, body: [], retryAfterSeconds: 3))
    #expect(outcomes[1] == .answer(status: 503, body: []))
    #expect(outcomes[2] == .answer(status: 200, body: Array("<html>{".utf8)))
    #expect(outcomes[3] == .closed)
    #expect(try await h.rpc("eth_gasPrice") == "0x4a817c800")
    let log = try await h.rpc("devnet_rpcLog", ["since": 0])
    let faulted = log.arrayValue?.map { $0["faulted"] == true }
    #expect(faulted == [true, true, true, true, false])
  }

  @Test func g13ABatchIsAnsweredInOrder() async throws {
    let answers = try await h.exchange(
      #"[{"jsonrpc":"2.0","id":"a","method":"eth_chainId"},{"nonsense":1},"#
        + #"{"jsonrpc":"2.0","id":3,"method":"net_version","params":[]}]"#)
    let list = try #require(answers.arrayValue)
    #expect(list.count == 3)
    #expect(list[0]["id"] == "a")
    #expect(list[0]["result"] == "0x539")
    #expect(list[1]["error"]?["code"] == -32600)
    #expect(list[2]["id"] == 3)
    #expect(list[2]["result"] == "1337")
  }

  @Test func g15EveryEventOfAChannelIsFound() async throws {
    let (scene, _) = try await ChannelScene.opened(h)  // B1
    try await scene.settle(2_500_000)  // B2
    try await scene.settle(2_500_000)  // B3: all refused
    try await scene.settle(10_000_001)
    try await scene.settle(3_000_000, signature: HighS.twin(of: scene.voucher(3_000_000)))
    try await scene.settle(3_000_000, by: h.stranger)
    try await scene.topUp(5_000_000)  // B4
    try await scene.requestClose()  // B5
    try await scene.requestClose()
    try await scene.topUp(0)  // B6
    try await scene.requestClose()  // B7, without its end
    try await scene.withdraw()
    try await scene.close(4_000_000, capture: 4_000_000)  // B8
    let logs = try await h.rpc(
      "eth_getLogs",
      ["fromBlock": "earliest", "toBlock": "latest", "topics": [.null, .string(scene.id.hex)]])
    let seen = logs.arrayValue?.compactMap { $0["topics"]?.arrayValue?.first?.stringValue }
    #expect(
      seen
        == [
          ChannelReserveABI.channelOpened, ChannelReserveABI.settled, ChannelReserveABI.topUpEvent,
          ChannelReserveABI.closeRequested, ChannelReserveABI.closeRequestCancelled,
          ChannelReserveABI.topUpEvent, ChannelReserveABI.closeRequested, ChannelReserveABI.channelClosed,
        ].map(\.topic.hex))
    #expect(
      logs.arrayValue?.compactMap { $0["blockNumber"]?.stringValue } == [
        "0x1", "0x2", "0x7", "0x8", "0xa", "0xa", "0xb", "0xd",
      ])
  }

  @Test func g16AnOldBlockShowsTheOldValue() async throws {
    let (scene, opened) = try await ChannelScene.opened(h)
    try await scene.settle(2_500_000)
    func settled(_ tag: JSONValue) async throws -> UInt128 {
      let answer = try await h.rpc("eth_call", channelState(scene), tag)
      return try ChannelReserveABI.decodeState(try Hex.decode(answer.stringValue ?? "")).settled
    }
    #expect(try await settled("latest") == 2_500_000)
    #expect(try await settled(.string(Hex.quantity(opened.blockNumber))) == 0)
    let nonce = try await h.rpc("eth_getTransactionCount", .string(h.faucet.hex), "latest")
    try await h.rpc("tempo_fundAddress", .string(h.stranger.address.hex))
    #expect(try await h.rpc("eth_getTransactionCount", .string(h.faucet.hex), "0x1") == nonce)
    #expect(try await h.rpc("eth_getTransactionCount", .string(h.faucet.hex), "latest") == "0x4")
  }
}

extension Harness {
  fileprivate var faucet: Address { devnet.faucet.address }
}
