import EVM
import MPPCore
import Tempo
import TempoDevnet
import Testing

/// `03` §10.2 and §11: the remaining reads and controls.
@Suite struct Reads {
  let h: Harness
  init() throws { h = try Harness() }

  @Test func transactionsByTheirPlace() async throws {
    let receipt = try await h.send(h.transfer(1, to: h.payee.address), from: h.payer)
    let block = try await h.rpc("eth_getBlockByNumber", "0x1", false)
    let hash = try #require(block["hash"])
    let transaction = try await h.rpc("eth_getTransactionByHash", .string(receipt.hash.hex))
    #expect(transaction["blockHash"] == hash)
    #expect(try await h.rpc("eth_getTransactionByBlockNumberAndIndex", "0x1", "0x0") == transaction)
    #expect(try await h.rpc("eth_getTransactionByBlockHashAndIndex", hash, "0x0") == transaction)
    #expect(try await h.rpc("eth_getTransactionByBlockNumberAndIndex", "0x1", "0x1") == .null)
    #expect(try await h.rpc("eth_getBlockTransactionCountByNumber", "0x1") == "0x1")
    #expect(try await h.rpc("eth_getBlockTransactionCountByHash", hash) == "0x1")
    #expect(try await h.rpc("eth_getBlockTransactionCountByNumber", "0x9") == .null)
    let receipts = try await h.rpc("eth_getBlockReceipts", "0x1")
    #expect(
      receipts.arrayValue == [try await h.rpc("eth_getTransactionReceipt", .string(receipt.hash.hex))])
    #expect(try await h.rpc("eth_getBlockByHash", .string(Hash32.zero.hex), false) == .null)
    #expect(try await h.failure("eth_getTransactionByHash", "0x12")?.code == -32602)
  }

  @Test func waitingTransactionsHaveNoPlace() async throws {
    let h = try Harness { $0.sealing = .manual }
    let raw = try h.raw([h.transfer(1, to: h.payee.address)], from: h.payer)
    let hash = try await h.rpc("eth_sendRawTransaction", .string(Hex.encode(raw)))
    let shown = try await h.rpc("eth_getTransactionByHash", hash)
    #expect(shown["blockNumber"] == .null)
    #expect(shown["transactionIndex"] == .null)
    #expect(try await h.rpc("eth_getRawTransactionByHash", hash).stringValue == Hex.encode(raw))
    #expect(try await h.rpc("eth_getRawTransactionByHash", .string(Hash32.zero.hex)) == .null)
  }

  @Test func theHistoryOfFees() async throws {
    h.devnet.mine(4)
    let history = try await h.rpc("eth_feeHistory", "0x3", "latest", [25, 75])
    #expect(history["oldestBlock"] == "0x2")
    #expect(history["baseFeePerGas"]?.arrayValue == Array(repeating: "0x4a817c800", count: 4))
    #expect(history["gasUsedRatio"]?.arrayValue?.count == 3)
    #expect(history["reward"]?.arrayValue == Array(repeating: ["0x0", "0x0"], count: 3))
    #expect(try await h.rpc("eth_feeHistory", "0x99", "latest", [])["oldestBlock"] == "0x0")
  }

  @Test func smallAnswers() async throws {
    #expect(try await h.rpc("net_listening") == true)
    #expect(try await h.rpc("eth_syncing") == false)
    #expect(try await h.rpc("eth_protocolVersion") == "0x44")
    #expect(try await h.rpc("web3_clientVersion").stringValue?.hasPrefix("tempo-devnet/") == true)
    let placeholder = String(repeating: "42", count: 38)
    #expect(
      try await h.rpc("eth_getBalance", .string(h.payer.address.hex), "latest").stringValue
        == UInt256(decimal: placeholder).hexQuantity)
  }

  @Test func blocksByTag() async throws {
    h.devnet.mine(2)
    for tag: JSONValue in ["latest", "pending", "safe", "finalized", "0x2", ["blockNumber": "0x2"]] {
      #expect(try await h.rpc("eth_getTransactionCount", .string(h.payer.address.hex), tag) == "0x0")
    }
    let hash = try #require(try await h.rpc("eth_getBlockByNumber", "latest", false)["hash"])
    let byHash: JSONValue = ["blockHash": hash, "requireCanonical": true]
    #expect(try await h.rpc("eth_getCode", .string(TempoAddress.pathUSD.hex), byHash) == "0xef")
    let unknown: JSONValue = ["blockHash": .string(Hash32.zero.hex)]
    for tag: JSONValue in ["0x3", unknown] {
      let error = try await h.failure("eth_getCode", .string(h.payer.address.hex), tag)
      #expect(error?.code == -32001)
      #expect(error?.message.hasPrefix("block not found: ") == true)
    }
    #expect(try await h.failure("eth_getCode", .string(h.payer.address.hex), "newest")?.code == -32602)
  }

  @Test func simulationsKeepTheirWindow() async throws {
    func simulate(_ members: [(String, UInt64)]) async throws -> String? {
      var request: [JSONValue.Member] = [
        .init(key: "from", value: .string(h.payer.address.hex)),
        .init(key: "calls", value: [["to": .string(h.payee.address.hex)]]),
      ]
      for (name, value) in members {
        request.append(.init(key: name, value: .string(Hex.quantity(value))))
      }
      return try await h.failure("eth_call", .object(request), "latest")?.message
    }
    let now = Harness.t0
    #expect(try await simulate([]) == nil)
    #expect(try await simulate([("validBefore", now)])?.contains("transaction expired") == true)
    #expect(try await simulate([("validAfter", now + 1)])?.contains("not valid yet") == true)
    #expect(try await simulate([("validAfter", now)]) == nil)
    #expect(try await simulate([("chainId", 1)]) == "invalid chain ID")
  }

  @Test func stateCanBeSet() async throws {
    let account = JSONValue.string(h.payer.address.hex)
    try await h.rpc("devnet_setNonce", account, "0x0", 7)
    try await h.rpc("devnet_setNonce", account, "0x5", 9)
    #expect(try await h.rpc("eth_getTransactionCount", account, "latest") == "0x7")
    let receipt = try await h.send(h.transfer(1, to: h.payee.address), from: h.payer) {
      $0.nonceKey = 5
      $0.nonce = 9
    }
    #expect(receipt.succeeded)
    let token = "0x20c0000000000000000000000000000000000077"
    try await h.rpc(
      "devnet_addToken",
      ["address": .string(token), "name": "Seventy", "symbol": "S", "currency": "EUR", "paused": true])
    #expect(h.devnet.tokens.last?.currency == "EUR")
    #expect(try await h.failure("devnet_addToken", ["address": .string(token)])?.code == -32602)
    try await h.rpc("devnet_setBalance", .string(token), account, "1000")
    #expect(h.units(h.payer, try Address(hex: token)) == 1_000)
    #expect(h.devnet.totalSupply(token: try Address(hex: token)).units == 1_000)
    #expect(h.devnet.audit() == [])
    #expect(try await h.rpc("devnet_reset") == true)
    #expect(h.devnet.blockNumber == 0)
    #expect(h.devnet.tokens.count == 4)
    #expect(try await h.rpc("eth_getTransactionCount", account, "latest") == "0x0")
  }

  @Test func theTimeCanBeSet() async throws {
    try await h.rpc("evm_setTime", .integer(Int64(Harness.t0) + 50))
    #expect(h.now == Harness.t0 + 50)
    #expect(h.devnet.blockNumber == 0)
    try await h.rpc("evm_mine", ["blocks": 2, "timestamp": .integer(Int64(Harness.t0) + 90)])
    #expect(h.devnet.blockNumber == 2)
    #expect(h.now == Harness.t0 + 90)
    // A bare number beyond the newest block's time is a time, a smaller one a number of blocks.
    try await h.rpc("evm_mine", .integer(Int64(Harness.t0) + 100))
    #expect(h.devnet.blockNumber == 3)
    try await h.rpc("hardhat_mine", "0x5")
    #expect(h.devnet.blockNumber == 8)
    #expect(try await h.failure("evm_mine", 10_001)?.code == -32602)
  }
}
