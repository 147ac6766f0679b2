import EVM
import MPPCore
import Tempo
import TempoDevnet
import Testing

/// Methods, shapes and errors of `20` and `03` §10.
@Suite struct RPC {
  let h: Harness
  init() throws { h = try Harness() }

  private func payment() throws -> Call { try h.transfer(1_000, to: h.payee.address) }

  @Test func constants() async throws {
    #expect(try await h.rpc("eth_chainId") == "0x539")
    #expect(try await h.rpc("net_version") == "1337")
    #expect(try await h.rpc("eth_gasPrice") == "0x4a817c800")
    #expect(try await h.rpc("eth_maxPriorityFeePerGas") == "0x0")
    #expect(try await h.rpc("eth_accounts") == [])
  }

  @Test func missingMethodsFallBack() async throws {
    for method in ["eth_fillTransaction", "eth_subscribe", "debug_traceTransaction", "nonsense"] {
      let error = try await h.failure(method)
      #expect(error?.code == -32601)
      #expect(error?.message == "the method \(method) does not exist/is not available")
    }
  }

  @Test func receiptShape() async throws {
    let raw = try h.raw([payment()], from: h.payer)
    let receipt = try await h.rpc("eth_sendRawTransactionSync", .string(Hex.encode(raw)))
    let hash = Keccak256.hash(raw).hex
    #expect(receipt["transactionHash"]?.stringValue == hash)
    let fixed: [(String, JSONValue)] = [
      ("status", "0x1"), ("type", "0x76"), ("transactionIndex", "0x0"), ("blockNumber", "0x1"),
      ("gasUsed", "0xc350"), ("cumulativeGasUsed", "0xc350"), ("effectiveGasPrice", "0x4a817c800"),
      ("contractAddress", .null), ("from", .string(h.payer.address.hex)),
      ("to", .string(TempoAddress.pathUSD.hex)), ("feePayer", .string(h.payer.address.hex)),
      ("feeToken", .string(TempoAddress.pathUSD.hex)),
    ]
    for (key, value) in fixed { #expect(receipt[key] == value, "\(key)") }
    #expect(receipt["logsBloom"]?.stringValue?.count == 514)
    let logs = try #require(receipt["logs"]?.arrayValue)
    #expect(logs.count == 2)
    for (index, log) in logs.enumerated() {
      #expect(log["logIndex"]?.stringValue == "0x\(index)")
      #expect(log["removed"] == false)
      #expect(log["transactionHash"]?.stringValue == hash)
      #expect(log["blockHash"] == receipt["blockHash"])
      #expect(log["blockTimestamp"]?.stringValue == Hex.quantity(Harness.t0))
    }
    #expect(try await h.rpc("eth_getTransactionReceipt", .string(hash)) == receipt)
    let unknown = try await h.rpc("eth_getTransactionReceipt", .string(Hash32.zero.hex))
    #expect(unknown == .null)
  }

  @Test func aRevertedTransactionHasStatusZero() async throws {
    let raw = try h.raw([h.transfer(Harness.initial, to: h.payee.address)], from: h.payer)
    let receipt = try await h.rpc("eth_sendRawTransactionSync", .string(Hex.encode(raw)))
    #expect(receipt["status"] == "0x0")
    #expect(receipt["logs"]?.arrayValue?.count == 1)
    let hash = try #require(receipt["transactionHash"])
    let trace = try await h.rpc("devnet_trace", hash)
    #expect(trace["errorName"] == "InsufficientBalance")
  }

  @Test func transactionShape() async throws {
    let raw = try h.raw([payment()], from: h.payer)
    let hash = try await h.rpc("eth_sendRawTransaction", .string(Hex.encode(raw)))
    let transaction = try await h.rpc("eth_getTransactionByHash", hash)
    #expect(transaction["type"] == "0x76")
    #expect(transaction["hash"] == hash)
    #expect(transaction["calls"]?.arrayValue?.count == 1)
    #expect(transaction["to"] == nil)
    #expect(transaction["nonceKey"]?.stringValue == UInt256.max.hexQuantity)
    #expect(transaction["feePayerSignature"] == .null)
    #expect(transaction["signature"]?["type"] == "secp256k1")
    #expect(try await h.rpc("eth_getRawTransactionByHash", hash).stringValue == Hex.encode(raw))
  }

  @Test func blockShape() async throws {
    try await h.send(payment(), from: h.payer)
    let block = try await h.rpc("eth_getBlockByNumber", "latest", false)
    #expect(block["number"] == "0x1")
    #expect(block["timestamp"]?.stringValue == Hex.quantity(Harness.t0))
    #expect(block["baseFeePerGas"] == "0x4a817c800")
    #expect(block["transactions"]?.arrayValue?.count == 1)
    #expect(block["logsBloom"]?.stringValue?.count == 514)
    let full = try await h.rpc("eth_getBlockByNumber", "0x1", true)
    #expect(full["transactions"]?.arrayValue?.first?["from"]?.stringValue == h.payer.address.hex)
    let parent = try await h.rpc("eth_getBlockByNumber", "earliest", false)
    #expect(parent["hash"] == block["parentHash"])
    let byHash = try await h.rpc("eth_getBlockByHash", block["hash"] ?? .null, false)
    #expect(byHash == block)
    #expect(try await h.rpc("eth_getBlockByNumber", "0x99", false) == .null)
  }

  @Test func theBlockNumberAdvancesByItself() async throws {
    #expect(try await h.rpc("eth_blockNumber") == "0x0")
    h.devnet.clock.advance(milliseconds: 999)
    #expect(try await h.rpc("eth_blockNumber") == "0x0")
    h.devnet.clock.advance(milliseconds: 1)
    #expect(try await h.rpc("eth_blockNumber") == "0x1")
    #expect(try await h.rpc("eth_blockNumber") == "0x1")
    let still = try Harness { $0.heartbeat = false }
    still.devnet.clock.advance(seconds: 100)
    #expect(try await still.rpc("eth_blockNumber") == "0x0")
  }

  @Test func callErrorsCarryTheRevert() async throws {
    let data = try h.transfer(Harness.initial + 1, to: h.payee.address).data
    let error = try await h.failure(
      "eth_call",
      [
        "from": .string(h.payer.address.hex), "to": .string(TempoAddress.pathUSD.hex),
        "data": .string(Hex.encode(data)),
      ], "latest")
    #expect(error?.code == 3)
    #expect(error?.message == "execution reverted: InsufficientBalance")
    #expect(error?.data?.stringValue?.hasPrefix("0x832f98b5") == true)
    let unknown = try await h.failure(
      "eth_call", ["to": .string(TempoAddress.pathUSD.hex), "data": "0x01020304"])
    #expect(unknown?.data?.stringValue?.hasPrefix("0xaa4bc69a01020304") == true)
    let creation = try await h.failure("eth_call", ["data": "0x6080"], "latest")
    #expect(creation?.code == 3)
    let empty = try await h.rpc("eth_call", ["to": .string(h.payee.address.hex), "data": "0x01020304"])
    #expect(empty == "0x")
  }

  @Test func tempoShapedSimulation() async throws {
    let data = JSONValue.string(Hex.encode(try payment().data))
    func request(_ validBefore: UInt64) -> JSONValue {
      [
        "from": .string(h.payer.address.hex), "type": "0x76", "nonce": "0x0",
        "nonceKey": .string(UInt256.max.hexQuantity), "gas": "0x186a0", "maxFeePerGas": "0x59682f000",
        "validBefore": .string(Hex.quantity(validBefore)), "chainId": "0x539",
        "feePayer": .string(h.sponsor.address.hex), "feeToken": .string(TempoAddress.pathUSD.hex),
        "calls": [["to": .string(TempoAddress.pathUSD.hex), "value": "0x", "data": data]],
      ]
    }
    let before = try await h.dump()
    #expect(
      try await h.rpc("eth_call", request(h.now + 25), "latest").stringValue == "0x"
        + String(repeating: "0", count: 63) + "1")
    #expect(try await h.rpc("eth_estimateGas", request(h.now + 25)) == "0xc350")
    #expect(try await h.failure("eth_call", request(h.now + 31), "latest")?.code == -32000)
    #expect(try await h.dump() == before)
  }

  @Test func estimatesTakeAPlainObjectAndABlock() async throws {
    let estimate = try await h.rpc(
      "eth_estimateGas",
      [
        "from": .string(h.payer.address.hex), "to": .string(TempoAddress.pathUSD.hex),
        "data": .string(Hex.encode(try payment().data)),
      ], "latest")
    #expect(estimate == "0xc350")
  }

  @Test func scheduleGasIsExactlyWhatTheEstimateSays() async throws {
    let h = try Harness { $0.gasModel = .schedule }
    let fresh = try Address(hex: "0x00000000000000000000000000000000000000aa")
    for (recipient, storage) in [(fresh, 250_000 as UInt64), (fresh, 0)] {
      let call = try h.transfer(1_000, to: recipient)
      let answer = try await h.rpc(
        "eth_estimateGas",
        [
          "from": .string(h.payer.address.hex), "nonceKey": .string(UInt256.max.hexQuantity),
          "validBefore": .string(Hex.quantity(h.now + 25)),
          "calls": [["to": .string(TempoAddress.pathUSD.hex), "data": .string(Hex.encode(call.data))]],
        ])
      let estimate = try Hex.uint64(quantity: answer.stringValue ?? "")
      let receipt = try await h.send(call, from: h.payer) { $0.gas = estimate }
      #expect(receipt.succeeded)
      #expect(receipt.gasUsed == estimate)
      let zeros = UInt64(call.data.count { $0 == 0 })
      let calldata = 4 * zeros + 16 * (UInt64(call.data.count) - zeros)
      #expect(estimate == 21_000 + calldata + 13_000 + 18_000 + storage)
      #expect(
        receipt.fee.units == UInt128(estimate) * 20_000_000_000 / 1_000_000_000_000 + 1
          || receipt.fee.units * 1_000_000_000_000 == UInt128(estimate) * 20_000_000_000)
    }
  }

  @Test func outOfGasTakesTheWholeLimit() async throws {
    let h = try Harness { $0.gasModel = .schedule }
    let fresh = try Address(hex: "0x00000000000000000000000000000000000000aa")
    let receipt = try await h.send(h.transfer(1, to: fresh), from: h.payer) { $0.gas = 100_000 }
    #expect(!receipt.succeeded)
    #expect(receipt.gasUsed == 100_000)
    #expect(h.units(fresh) == 0)
    #expect(h.units(h.payer) == Harness.initial - 2_000)
  }

  @Test func readsAtAnOldBlockSeeTheOldState() async throws {
    let (scene, receipt) = try await ChannelScene.opened(h)
    try await scene.settle(2_500_000)
    func state(_ tag: JSONValue) async throws -> ChannelState {
      let data = try ChannelReserveABI.getChannelStateCalldata(scene.id)
      let answer = try await h.rpc(
        "eth_call", ["to": .string(TempoAddress.channelReserve.hex), "data": .string(Hex.encode(data))], tag)
      return try ChannelReserveABI.decodeState(try Hex.decode(answer.stringValue ?? ""))
    }
    #expect(try await state(.string(Hex.quantity(receipt.blockNumber))).settled == 0)
    #expect(try await state("latest").settled == 2_500_000)
    #expect(try await state("earliest").deposit == 0)
    // The present is untouched by looking back.
    #expect(try await state(["blockNumber": "0x2"]).settled == 2_500_000)
    let missing = try await h.failure("eth_call", ["to": .string(TempoAddress.pathUSD.hex)], "0x77")
    #expect(missing?.code == -32001)
  }

  @Test func transactionCountAndCode() async throws {
    let count = try await h.rpc("eth_getTransactionCount", .string(h.payer.address.hex), "pending")
    #expect(count == "0x0")
    #expect(try await h.rpc("eth_getCode", .string(h.payer.address.hex)) == "0x")
    #expect(try await h.rpc("eth_getCode", .string(TempoAddress.pathUSD.hex), "latest") == "0xef")
    #expect(try await h.rpc("eth_getCode", .string(TempoAddress.channelReserve.hex), "latest") == "0xef")
  }

  @Test func feeManagerAndTokenReads() async throws {
    func read(_ to: Address, _ selector: String, _ argument: Address? = nil) async throws -> String? {
      let data = selector + (argument.map { Hex.encodeUnprefixed($0.word.bytes) } ?? "")
      return try await h.rpc("eth_call", ["to": .string(to.hex), "data": .string(data)], "latest").stringValue
    }
    #expect(try await read(TempoAddress.feeManager, "0xed498fa8", h.payer.address) == Hash32.zero.hex)
    #expect(try await read(TempoAddress.pathUSD, "0x313ce567") == UInt256(6 as UInt64).word.hex)
    #expect(
      try await read(TempoAddress.pathUSD, "0x70a08231", h.payer.address) == UInt256(Harness.initial).word.hex
    )
  }

  @Test func logsByTopic() async throws {
    let (scene, _) = try await ChannelScene.opened(h)
    try await scene.settle(1_000)
    try await scene.close(2_000, capture: 2_000)
    let logs = try await h.rpc(
      "eth_getLogs",
      [
        "fromBlock": "earliest", "toBlock": "latest", "address": .string(TempoAddress.channelReserve.hex),
        "topics": [.null, [.string(scene.id.hex)]],
      ])
    let topics = logs.arrayValue?.compactMap { $0["topics"]?.arrayValue?.first?.stringValue }
    #expect(
      topics == [
        ChannelReserveABI.channelOpened.topic.hex, ChannelReserveABI.settled.topic.hex,
        ChannelReserveABI.channelClosed.topic.hex,
      ])
  }

  @Test func theFaucetMintsFourTokens() async throws {
    let fresh = try Address(hex: "0x00000000000000000000000000000000000000bb")
    let hashes = try await h.rpc("tempo_fundAddress", .string(fresh.hex))
    #expect(hashes.arrayValue?.count == 4)
    for token in [
      TempoAddress.pathUSD, TempoAddress.alphaUSD, TempoAddress.betaUSD, TempoAddress.thetaUSD,
    ] {
      #expect(h.devnet.balance(of: fresh, token: token).units == Harness.initial)
      #expect(
        h.devnet.balances(token: token).values.reduce(0 as UInt128) { $0 + $1.units }
          == h.devnet.totalSupply(token: token).units)
    }
    for hash in hashes.arrayValue ?? [] {
      #expect(try await h.rpc("eth_getTransactionReceipt", hash)["status"] == "0x1")
    }
    let closed = try Harness { $0.faucet = false }
    #expect(try await closed.failure("tempo_fundAddress", .string(fresh.hex))?.code == -32601)
    #expect(try await h.failure("tempo_fundAddress", "0x12")?.code == -32602)
  }
}
