import EVM
import MPPCore
import TempoDevnet
import Testing

/// Whatever arrives, the answer is JSON-RPC and the chain goes on.
@Suite struct HostileInput {
  let h: Harness
  init() throws { h = try Harness() }

  private func code(_ text: String) async throws -> Int64? {
    try await h.exchange(text)["error"]?["code"]?.intValue
  }

  @Test func textThatIsNotJSON() async throws {
    let deep = String(repeating: "[", count: 100_000)
    for text in ["", "{", "nope", "{\"a\":1}}", "\u{0}", "[1,2", deep, "{\"id\":1,\"id\":2}", "\"\u{1}\""] {
      #expect(try await code(text) == -32700, "\(text.prefix(20))")
    }
    let reply = await h.devnet.exchange(Array("{".utf8))
    guard case .answer(let status, _, _) = reply.outcome else {
      Issue.record("no answer")
      return
    }
    #expect(status == 400)
    #expect(try JSONValue(parsing: await h.devnet.handle([0xff, 0xfe, 0x00]))["error"]?["code"] == -32700)
  }

  @Test func jsonThatIsNotARequest() async throws {
    let texts = [
      "1", "null", "\"eth_chainId\"", "{}", "[]", "{\"jsonrpc\":\"2.0\",\"id\":1}",
      "{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"eth_chainId\"}",
      "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":5}",
      "{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"eth_chainId\"}",
      "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_chainId\",\"params\":{\"a\":1}}",
    ]
    for text in texts { #expect(try await code(text) == -32600, "\(text)") }
  }

  @Test func parametersOfTheWrongType() async throws {
    let values: [JSONValue] = [
      .null, true, 5, -5, .number(0.5), "x", "0x", "0xzz", "0x1", [], ["a"], [:], ["to": 5],
      .string("0x" + String(repeating: "ff", count: 1_000)), ["calls": "x"], ["calls": [5]],
      ["from": "0x12"], ["validBefore": "x"], ["keyData": 5, "keyType": "webAuthn"],
      ["fromBlock": "0xffffffffffffffffff"], ["topics": [[5]]], ["blockHash": "0x"], ["blocks": -1],
      .string("0xffffffffffffffff"), .integer(.max),
    ]
    let methods = [
      "eth_call", "eth_estimateGas", "eth_getBlockByNumber", "eth_getBlockByHash", "eth_getLogs",
      "eth_getTransactionReceipt", "eth_getTransactionByHash", "eth_getTransactionCount", "eth_getCode",
      "eth_sendRawTransaction", "eth_sendRawTransactionSync", "eth_feeHistory", "tempo_fundAddress",
      "eth_getTransactionByBlockNumberAndIndex", "eth_getBlockReceipts", "eth_getRawTransactionByHash",
      "evm_increaseTime", "evm_setNextBlockTimestamp", "evm_setTime", "evm_mine", "evm_revert",
      "devnet_setBalance", "devnet_setNonce", "devnet_addToken", "devnet_setPaused", "devnet_setTokenPolicy",
      "devnet_trace", "devnet_fault", "devnet_rpcLog",
    ]
    for method in methods {
      for value in values {
        for params: JSONValue in [[value], [value, value], [value, value, value]] {
          let request: JSONValue = ["jsonrpc": "2.0", "id": 1, "method": .string(method), "params": params]
          let answer = try await h.exchange(request.serialized())
          if let error = answer["error"] {
            let code = try #require(error["code"]?.intValue)
            #expect(
              [-32602, -32000, -32001, -32003, 3, 4].contains(code), "\(method) \(params.serialized())")
            #expect(error["message"]?.stringValue?.isEmpty == false)
          }
        }
      }
      try await h.rpc("devnet_reset")
    }
    #expect(try await h.rpc("eth_chainId") == "0x539")
  }

  @Test func batches() async throws {
    let answer = try await h.exchange(
      """
      [{"jsonrpc":"2.0","id":1,"method":"eth_chainId"},5,{"jsonrpc":"2.0","method":"eth_chainId"},
       {"jsonrpc":"2.0","id":"b","method":"nope"}]
      """)
    let items = try #require(answer.arrayValue)
    #expect(items.count == 3)
    #expect(items[0]["result"] == "0x539")
    #expect(items[1]["error"]?["code"] == -32600)
    #expect(items[2]["id"] == "b")
    #expect(items[2]["error"]?["code"] == -32601)
    let many = "[" + Array(repeating: "1", count: 1_001).joined(separator: ",") + "]"
    #expect(try await code(many) == -32600)
    let notification = await h.devnet.handle(Array(#"{"jsonrpc":"2.0","method":"eth_chainId"}"#.utf8))
    #expect(notification.isEmpty)
  }

  @Test func aBodyAboveTheLimit() async throws {
    let body = [UInt8](repeating: UInt8(ascii: " "), count: 5 * 1024 * 1024 + 1)
    let answer = try JSONValue(parsing: await h.devnet.handle(body))
    #expect(answer["error"]?["code"] == -32700)
  }

  @Test func randomBytesAsTransactions() async throws {
    let good = try h.sponsoredRaw([h.transfer(1, to: h.payee.address)], from: h.payer, by: h.sponsor)
    let before = try await h.dump()
    var random = SeededBytes(seed: 7)
    for _ in 0..<400 {
      var raw = good
      for _ in 0..<Int(1 + random.next() % 4) {
        raw[Int(random.next() % UInt64(raw.count))] = UInt8(truncatingIfNeeded: random.next())
      }
      if raw == good { continue }
      // Whoever the damaged bytes name as sender has no money, or the structure is broken.
      #expect(try await h.refusal(raw) != nil)
    }
    #expect(try await h.dump() == before)
    #expect(try await h.refusal(good) == nil)
  }
}

/// xorshift, to repeat a failing run.
struct SeededBytes {
  private var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }
}
