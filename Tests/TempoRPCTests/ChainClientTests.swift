import EVM
import MPPCore
import Testing

@testable import TempoRPC

@Suite struct ChainClientTests {
  let node = FakeNode()

  func client(
    _ sleeper: CountingSleeper = CountingSleeper(), _ change: (inout ChainClientLimits) -> Void = { _ in }
  ) -> ChainClient {
    var limits = ChainClientLimits()
    change(&limits)
    return ChainClient(
      transport: node, clock: FixedClock(), sleeper: sleeper, random: ZeroRandom(), limits: limits)
  }

  @Test(arguments: [
    FakeNode.Fault.notReceived, .answerLost, .rateLimited, .internalError, .garbage, .wrongID,
  ])
  func readsAreRepeatedAfterTransientErrors(_ fault: FakeNode.Fault) async throws {
    let sleeper = CountingSleeper()
    node.fail("eth_chainId", fault, fault, fault)
    #expect(try await client(sleeper).chainID() == 42_431)
    #expect(sleeper.all == [150, 300, 600])
  }

  @Test func readsAreNotRepeatedForEver() async {
    node.fail("eth_chainId", .notReceived, .notReceived, .notReceived, .notReceived)
    await #expect(throws: ChainError.self) { try await client().chainID() }
    #expect(node.calls.count == 4)
  }

  @Test(arguments: [FakeNode.Fault.rejected("invalid params")])
  func otherErrorsAreNotRepeated(_ fault: FakeNode.Fault) async {
    node.fail("eth_chainId", fault)
    await #expect(throws: ChainError.self) { try await client().chainID() }
    #expect(node.calls.count == 1)
  }

  @Test func aBroadcastIsAttemptedOnce() async {
    node.fail("eth_sendRawTransaction", .rateLimited)
    do {
      _ = try await client().sendRawTransaction([1, 2, 3])
      Issue.record("sent")
    } catch {
      #expect(error.code == .unavailable)
      #expect(!error.isAmbiguous)
    }
    #expect(node.calls.count == 1)
  }

  @Test func anOversizedAnswerIsRefused() async {
    await #expect {
      try await client { $0.answerBytes = 10 }.chainID()
    } throws: {
      ($0 as? ChainError)?.code == .invalidAnswer
    }
  }

  @Test func theReceiptMustBeOurs() async {
    #expect(throws: ChainError.self) {
      try TransactionReceipt(.object([]))
    }
    node.fail("eth_getTransactionReceipt", .wrongHash)
    await #expect(throws: ChainError.self) { try await client().receipt(.zero) }
  }

  @Test func quantitiesAreStrict() throws {
    #expect(try RPCAnswer.quantity(.string("0x0"), "q") == 0)
    #expect(try RPCAnswer.quantity(.string("0xff"), "q") == 255)
    for text in ["", "0x", "0x00", "0x01", "ff", "0xg", "0x+1", "0x" + String(repeating: "f", count: 33)] {
      #expect(throws: ChainError.self, "\(text)") { try RPCAnswer.quantity(.string(text), "q") }
    }
    #expect(throws: ChainError.self) { try RPCAnswer.quantity(.integer(5), "q") }
  }

  @Test func feesLeaveRoomAndNeverWrap() throws {
    let fees = try FeeEstimate(baseFeePerGas: 20_000_000_000, tip: 0)
    #expect(fees.maxFeePerGas == 0x5_9682_f000)
    #expect(throws: ChainError.self) { try FeeEstimate(baseFeePerGas: .max, tip: 0) }
    #expect(throws: ChainError.self) { try FeeEstimate(baseFeePerGas: 5, tip: .max) }
  }

  @Test(arguments: [
    ("nonce too low: next nonce 5, tx nonce 4", SendAnswer.known("nonce too low: next nonce 5, tx nonce 4")),
    ("already known", .known("already known")),
    (
      "nonce manager error: Tempo Transaction nonce error: ExpiringNonceReplay(ExpiringNonceReplay)",
      .known("nonce manager error: Tempo Transaction nonce error: ExpiringNonceReplay(ExpiringNonceReplay)")
    ),
    (
      "transaction expired: current block timestamp 5 >= validBefore 4",
      .ambiguous("transaction expired: current block timestamp 5 >= validBefore 4")
    ),
    ("insufficient funds for gas * price + value", .refused("insufficient funds for gas * price + value")),
    (
      "Fee token 0x20 is paused and cannot be used for fees",
      .refused("Fee token 0x20 is paused and cannot be used for fees")
    ),
    (
      "call gas cost (50000) exceeds the gas limit (49999)",
      .refused("call gas cost (50000) exceeds the gas limit (49999)")
    ),
    (
      "gas floor (181000) exceeds the gas limit (180999)",
      .refused("gas floor (181000) exceeds the gas limit (180999)")
    ),
    ("priority fee is greater than max fee", .refused("priority fee is greater than max fee")),
    (
      "transaction gas limit (30000001) is greater than the cap (30000000)",
      .refused("transaction gas limit (30000001) is greater than the cap (30000000)")
    ),
    (
      "value transfer in Tempo Transaction not allowed",
      .refused("value transfer in Tempo Transaction not allowed")
    ),
    ("invalid chain ID", .refused("invalid chain ID")),
    // Who sends the same bytes again is safe; who signs others because the base fee has risen may pay twice when it falls.
    ("gas price is less than basefee", .ambiguous("gas price is less than basefee")),
    (
      "max fee per gas less than block base fee", .ambiguous("max fee per gas less than block base fee")
    ),
    ("rate limit exceeded", .notReceived("rate limit exceeded")),
    ("request timed out", .ambiguous("request timed out")),
    ("gas limit exceeded upstream", .ambiguous("gas limit exceeded upstream")),
    ("", .ambiguous("")),
  ])
  func refusalsOfTransactionsAreSortedByText(_ text: String, _ answer: SendAnswer) {
    #expect(ErrorClassifier.send(JSONRPCError(code: -32000, message: text, data: nil)) == answer)
  }

  @Test func aRefusalByCodeIsOneThatOnlyThePoolGives() {
    func answer(_ code: Int64, _ text: String = "x") -> SendAnswer {
      ErrorClassifier.send(JSONRPCError(code: code, message: text, data: nil))
    }
    #expect(answer(-32003) == .refused("x"))
    #expect(answer(-32602) == .refused("x"))
    // A node that failed may have taken the bytes, whatever it says.
    for code: Int64 in [-1, -32603, 4] {
      #expect(answer(code, "insufficient funds") == .ambiguous("insufficient funds"))
    }
    #expect(answer(-32003, "already known") == .known("already known"))
    // The code is the pool's, but there may be room a moment later.
    #expect(answer(-32003, "txpool is full") == .ambiguous("txpool is full"))
    for code: Int64 in [-32000, -32001, -32002, -32004, -32005, -32601, 429, 3, 0] {
      #expect(answer(code) == .ambiguous("x"))
    }
  }

  @Test func errorsOfReadsAreSorted() {
    func code(_ code: Int64, _ text: String = "x", _ data: String? = nil) -> ChainError.Code {
      ErrorClassifier.read(JSONRPCError(code: code, message: text, data: data)).code
    }
    #expect(code(3, "execution reverted", "0x32d2c1a3") == .reverted)
    #expect(code(-32601) == .unsupported)
    #expect(code(-32001, "block not found: 0x5") == .unavailable)
    #expect(code(-32005) == .unavailable)
    #expect(code(-32602) == .rejected)
    #expect(
      code(-32602, "block range extends beyond current head block: requested 5, head 4") == .unavailable)
    #expect(code(-32602, "query exceeds max block range 100000") == .rejected)
    #expect(code(-32000, "Too Many Requests") == .unavailable)
    let error = ErrorClassifier.read(JSONRPCError(code: 3, message: "execution reverted", data: "0x32d2c1a3"))
    #expect(error.revertReason == "AmountNotIncreasing")
  }

  @Test func theGateBoundsRequestsAndWaiters() async throws {
    let gate = RequestGate(limit: 1, waiting: 1)
    try await gate.enter()
    let waiter = Task { try await gate.enter() }
    var refused = false
    // Until the waiter has queued, we may take its place in the queue: then it is the one to be refused.
    while !refused {
      let second = Task { try await gate.enter() }
      await Task.yield()
      second.cancel()
      if case .failure(let error as ChainError) = await second.result, error.code == .overloaded {
        refused = true
      }
    }
    gate.leave()
    _ = await waiter.result
  }

  @Test func readBackRetriesUntilTheBlockIsThere() async throws {
    let sleeper = CountingSleeper()
    node.fail("eth_blockNumber", .rejected("block not found"), .rejected("block not found"))
    let client = client(sleeper)
    let number = try await client.readBack { () async throws(ChainError) in try await client.blockNumber() }
    #expect(number == 1)
    #expect(sleeper.all == [250, 250])
  }
}
