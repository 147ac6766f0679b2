import EVM
import MPPCore
import Tempo
import TempoDevnet
import Testing

/// `03` §10.4 and §15 F4, F5: runs that leave no trace.
@Suite struct Simulations {
  let h: Harness
  init() throws { h = try Harness() }

  private func call(_ amount: UInt128) throws -> JSONValue {
    [
      "to": .string(TempoAddress.pathUSD.hex), "value": "0x",
      "data": .string(Hex.encode(try h.transfer(amount, to: h.payee.address).data)),
    ]
  }

  private func from(_ account: DevnetAccount, _ members: [(String, JSONValue)]) -> JSONValue {
    .object(
      ([("from", JSONValue.string(account.address.hex))] + members).map { .init(key: $0.0, value: $0.1) })
  }

  @Test func f4BothFormsOfAPreflight() async throws {
    for (amount, succeeds) in [(1_000 as UInt128, true), (Harness.initial + 1, false)] {
      let bare = from(h.payer, [("calls", [try call(amount)])])
      let whole = from(
        h.payer,
        [
          ("calls", [try call(amount)]), ("type", "0x76"), ("nonceKey", .string(UInt256.max.hexQuantity)),
          ("nonce", "0x0"), ("validBefore", .string(Hex.quantity(h.now + 25))), ("gas", "0x186a0"),
          ("maxFeePerGas", "0x59682f000"), ("feePayer", .string(h.sponsor.address.hex)),
          ("feeToken", .string(TempoAddress.pathUSD.hex)), ("chainId", "0x539"),
        ])
      for request in [bare, whole] {
        let error = try await h.failure("eth_call", request, "latest")
        #expect((error == nil) == succeeds)
        guard succeeds else {
          #expect(error?.code == 3)
          continue
        }
        #expect(try await h.rpc("eth_call", request, "latest").stringValue?.hasPrefix("0x") == true)
      }
    }
  }

  @Test func f5BlocksOfCallsWithALastOneOnTop() async throws {
    func simulate(_ amount: UInt64) async throws -> JSONValue {
      var request = from(h.payer, [("calls", [try call(1)])]).objectValue ?? []
      request += try call(UInt128(amount)).objectValue ?? []
      return try await h.rpc(
        "tempo_simulateV1", ["blockStateCalls": [["calls": [.object(request)]]]], "latest")
    }
    let before = try await h.dump()
    let good = try await simulate(2)
    let calls = try #require(good["blocks"]?.arrayValue?.first?["calls"]?.arrayValue)
    #expect(calls.count == 1)
    #expect(calls[0]["status"] == "0x1")
    #expect(calls[0]["logs"]?.arrayValue?.count == 2)
    #expect(calls[0]["gasUsed"] == "0xc350")
    let metadata = good["tokenMetadata"]?[TempoAddress.pathUSD.hex]
    #expect(metadata?["symbol"] == "pathUSD")
    #expect(metadata?["currency"] == "USD")
    let bad = try await simulate(UInt64(Harness.initial))
    let failed = bad["blocks"]?.arrayValue?.first?["calls"]?.arrayValue?.first
    #expect(failed?["status"] == "0x0")
    #expect(failed?["error"]?["code"] == 3)
    #expect(failed?["error"]?["message"] == "execution reverted: InsufficientBalance")
    #expect(failed?["logs"] == [])
    #expect(try await h.dump() == before)
  }

  @Test func simulatedCallsSeeEachOther() async throws {
    let all = from(h.payer, [("calls", [try call(Harness.initial)])])
    let one = from(h.payer, [("calls", [try call(1)])])
    let answer = try await h.rpc(
      "eth_simulateV1",
      [
        "blockStateCalls": [
          ["calls": [all, one]], ["blockOverrides": ["time": .integer(Int64(h.now) + 60)], "calls": [one]],
        ]
      ])
    let blocks = try #require(answer.arrayValue)
    let statuses = blocks.map { $0["calls"]?.arrayValue?.map { $0["status"]?.stringValue } }
    #expect(statuses == [["0x1", "0x0"], ["0x0"]])
    #expect(blocks[1]["timestamp"]?.stringValue == Hex.quantity(h.now + 60))
    #expect(blocks[1]["parentHash"] == blocks[0]["hash"])
    #expect(h.units(h.payer) == Harness.initial)
  }

  @Test func validationAsksForNonceAndFunds() async throws {
    func simulate(_ members: [(String, JSONValue)]) async throws -> SeenError? {
      let request = from(h.payer, [("calls", [try call(1)])] + members)
      return try await h.failure(
        "tempo_simulateV1", ["blockStateCalls": [["calls": [request]]], "validation": true])
    }
    #expect(try await simulate([]) == nil)
    #expect(try await simulate([("nonce", "0x5")])?.message.contains("nonce too high") == true)
    #expect(try await simulate([("maxFeePerGas", "0x1")])?.message.contains("max fee per gas less") == true)
    h.devnet.setBalance(.zero, of: h.payer.address)
    #expect(
      try await simulate([("maxFeePerGas", "0x59682f000")])?.message.contains("insufficient funds") == true)
  }

  @Test func aTimeInTheBlocksPlace() async throws {
    let data = JSONValue.string(Hex.encode(ABI.selector("getCurrentBlockTimestamp()")))
    let request: JSONValue = ["to": .string(TempoAddress.multicall3.hex), "data": data]
    let seen = try await h.rpc("eth_call", request, "latest", [:], ["time": "0x77359400"])
    #expect(seen.stringValue == UInt256(2_000_000_000 as UInt64).word.hex)
    #expect(
      try await h.failure("eth_call", request, "latest", ["0x01": [:]])?.message
        == "state overrides are not supported")
    #expect(try await h.failure("eth_call", request, "latest", .null, ["gasLimit": "0x1"])?.code == -32602)
  }

  @Test func nodesThatAskForTheFee() async throws {
    let node = try Harness { $0.callFees = .node }
    let request = from(
      h.payer, [("calls", [try call(1)]), ("maxFeePerGas", "0x59682f000"), ("gas", "0x186a0")])
    #expect(try await node.failure("eth_call", request) == nil)
    node.devnet.setBalance(Amount(units: 2_399), of: h.payer.address)
    #expect(try await node.failure("eth_call", request)?.code == -32003)
    node.devnet.setBalance(Amount(units: 2_400), of: h.payer.address)
    #expect(try await node.failure("eth_call", request) == nil)
    node.devnet.setBalance(Amount(units: 1), of: h.payer.address)
    var sponsored = request.objectValue ?? []
    sponsored.append(.init(key: "feePayer", value: .string(h.sponsor.address.hex)))
    #expect(try await node.failure("eth_call", .object(sponsored)) == nil)
  }

  @Test func theForkSchedule() async throws {
    let schedule = try await h.rpc("tempo_forkSchedule")
    #expect(schedule["active"] == "T10")
    #expect(schedule["schedule"]?.arrayValue?.last?["name"] == "T10")
  }
}
