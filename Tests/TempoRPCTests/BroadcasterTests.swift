import EVM
import MPPCore
import Synchronization
import Testing

@testable import TempoRPC

@Suite struct BroadcasterTests {
  let node = FakeNode()
  let store = MemoryIntents()

  func broadcaster(_ sleeper: CountingSleeper = CountingSleeper()) -> Broadcaster {
    Broadcaster(
      client: ChainClient(transport: node, clock: FixedClock(), sleeper: sleeper, random: ZeroRandom()),
      store: store)
  }

  func intent(_ text: String = "transaction", validBefore: UInt64? = 1_025) -> ChainIntent {
    let raw = Array(text.utf8)
    return ChainIntent(
      identity: .init(.settle, .zero), raw: raw, hash: Keccak256.hash(raw), validBefore: validBefore,
      createdAt: FixedClock().now)
  }

  @Test func theIntentIsDurableBeforeItIsSent() async throws {
    node.fail("eth_sendRawTransaction", .notReceived)
    let result = try await broadcaster().submit(intent())
    guard case .included = result.outcome else { return #expect(Bool(false), "\(result.outcome)") }
    #expect(store.writes.withLock { $0.first } == .prepared)
    #expect(node.sent.count == 1)
    try await broadcaster().confirm(result)
    #expect(try await store.pending(limit: 9).isEmpty)
    // The same bytes again are known to be done; nothing is sent.
    let again = try await broadcaster().submit(intent())
    guard case .included = again.outcome else { return #expect(Bool(false)) }
    #expect(node.sent.count == 1)
  }

  @Test func aLostAnswerIsReconciledByHash() async throws {
    node.fail("eth_sendRawTransaction", .answerLost)
    let result = try await broadcaster().submit(intent())
    guard case .included(let receipt) = result.outcome else { return #expect(Bool(false)) }
    #expect(receipt.blockNumber == 11)
    #expect(node.sent.count == 1, "found by its receipt, not sent again")
  }

  @Test(arguments: [FakeNode.Fault.internalError, .garbage, .wrongHash])
  func anUnusableAnswerIsAmbiguous(_ fault: FakeNode.Fault) async throws {
    node.fail("eth_sendRawTransaction", fault)
    let result = try await broadcaster().submit(intent())
    guard case .included = result.outcome else { return #expect(Bool(false), "\(result.outcome)") }
    #expect(Set(node.sent) == [intent().raw])
  }

  @Test(arguments: [
    (Int64(-32000), "request timed out"), (-32000, "header not found"),
    (-32001, "Unable to complete request"),
    (-32002, "timeout on the eth_sendRawTransaction"), (-32005, "upstream timed out"),
    (-32010, "server error"),
    (-32601, "not available now"), (1, ""),
  ])
  func anErrorThatIsNoKnownRefusalIsAmbiguous(_ code: Int64, _ text: String) async throws {
    node.fail("eth_sendRawTransaction", .answered(code, text))
    node.state.withLock { $0.hideReceipts = 3 }
    let result = try await broadcaster().submit(intent())
    guard case .included = result.outcome else { return #expect(Bool(false), "\(result.outcome)") }
    #expect(Set(node.sent) == [intent().raw])
  }

  @Test func aNodeThatLagsBehindTheHeadProvesNoAbsence() async throws {
    node.state.withLock {
      $0.hideReceipts = .max
      $0.time = 1_025 + ChainIntent.absenceMargin - 1
    }
    let sleeper = CountingSleeper { [node] pause in
      if pause == 3 { node.state.withLock { $0.hideReceipts = 0 } }
    }
    let result = try await broadcaster(sleeper).submit(intent())
    guard case .included = result.outcome else { return #expect(Bool(false), "\(result.outcome)") }
    #expect(sleeper.all.count == 3)
  }

  @Test func oneMissingReceiptAfterTheEndProvesNothing() async throws {
    node.state.withLock {
      $0.hideReceipts = 2
      $0.time = 1_025 + ChainIntent.absenceMargin
    }
    let result = try await broadcaster().submit(intent())
    guard case .included = result.outcome else { return #expect(Bool(false), "\(result.outcome)") }
  }

  @Test func aRefusalOfUnsentBytesIsFinal() async throws {
    node.fail("eth_sendRawTransaction", .rejected("insufficient funds for gas"))
    let result = try await broadcaster().submit(intent())
    #expect(result.outcome == .rejected("insufficient funds for gas"))
    #expect(result.error?.code == .rejected)
    #expect(node.sent.isEmpty)
  }

  @Test func aRefusalAfterAnAmbiguousAnswerIsNotBelieved() async throws {
    node.state.withLock { $0.dropNext = 1 }
    node.fail(
      "eth_sendRawTransaction", .answerLost, .rejected("insufficient funds"), .rejected("insufficient funds"))
    let result = try await broadcaster().submit(intent())
    guard case .included = result.outcome else { return #expect(Bool(false), "\(result.outcome)") }
    #expect(Set(node.sent).count == 1)
  }

  @Test func theSecondSubmissionContinuesWithTheFirstBytes() async throws {
    node.state.withLock { $0.dropNext = .max }
    let first = try await broadcaster().submit(intent("first"), deadlineMilliseconds: 1_000)
    #expect(first.outcome == .pending)
    #expect(first.error?.isAmbiguous == true)
    node.state.withLock { $0.dropNext = 0 }
    let second = try await broadcaster().submit(intent("second"))
    #expect(second.intent.raw == Array("first".utf8))
    guard case .included = second.outcome else { return #expect(Bool(false)) }
    #expect(Set(node.sent) == [Array("first".utf8)])
  }

  @Test func absenceIsProvedOnlyAfterValidBefore() async throws {
    node.state.withLock { $0.dropNext = .max }
    let sleeper = CountingSleeper { [node] _ in node.state.withLock { $0.time += 1 } }
    let result = try await broadcaster(sleeper).submit(intent())
    #expect(result.outcome == .expired)
    #expect(sleeper.all.count == 25 + Int(ChainIntent.absenceMargin))
    #expect(Set(node.sent).count == 1)
    // Now, and only now, other bytes may be sent.
    node.state.withLock { $0.dropNext = 0 }
    let next = try await broadcaster().submit(intent("next", validBefore: 2_000))
    guard case .included = next.outcome else { return #expect(Bool(false)) }
  }

  @Test func theEffectCountsWhereTheReceiptIsMissing() async throws {
    node.state.withLock {
      $0.hideReceipts = .max
      $0.time = 2_000
    }
    let result = try await broadcaster().submit(intent()) { _ in true }
    #expect(result.outcome == .effective(block: 11))
    #expect(result.error == nil)
  }

  @Test func aRevertIsFinalAndHasNoEffect() async throws {
    node.state.withLock { $0.revertNext = true }
    let result = try await broadcaster().submit(intent())
    guard case .reverted = result.outcome else { return #expect(Bool(false)) }
    #expect(result.error?.code == .reverted)
    #expect(try await store.pending(limit: 1).isEmpty)
  }

  @Test func aRestartFindsTheReceiptAndSendsNothing() async throws {
    store.failUpdates.withLock { $0 = 1 }
    await #expect(throws: MemoryIntents.Failure.self) { try await broadcaster().submit(intent()) }
    #expect(node.sent.count == 1)
    let pending = try await store.pending(limit: 9)
    #expect(pending.map(\.state) == [.prepared])
    let result = try await broadcaster().resume(try #require(pending.first))
    guard case .included = result.outcome else { return #expect(Bool(false)) }
    #expect(node.sent.count == 1)
  }

  @Test func aRestartBeforeTheSendingSendsTheSameBytes() async throws {
    let stored = try await store.insert(intent())
    let result = try await broadcaster().resume(stored)
    guard case .included = result.outcome else { return #expect(Bool(false)) }
    #expect(node.sent == [stored.raw])
  }

  @Test func aReconciliationThatOnlyLooksNeverSends() async throws {
    let stored = try await store.insert(intent())
    let sleeper = CountingSleeper { [node] _ in node.state.withLock { $0.time += 10 } }
    let result = try await broadcaster(sleeper).resume(stored, maySend: false)
    #expect(result.outcome == .expired)
    #expect(node.sent.isEmpty)
  }

  @Test func unreadableAnswersDecideNothing() async throws {
    node.fail("eth_getTransactionReceipt", .rateLimited, .internalError, .notReceived, .notReceived)
    node.fail("eth_getTransactionReceipt", .garbage)
    let result = try await broadcaster().submit(intent())
    guard case .included = result.outcome else { return #expect(Bool(false), "\(result.outcome)") }
    #expect(Set(node.sent).count == 1)
  }

  @Test func everySingleFaultOfEveryCallEndsIncludedWithOneTransaction() async throws {
    let faults: [FakeNode.Fault] = [
      .notReceived, .answerLost, .rateLimited, .internalError, .garbage, .wrongID,
    ]
    for method in ["eth_sendRawTransaction", "eth_getTransactionReceipt", "eth_getBlockByNumber"] {
      for fault in faults {
        let tested = BroadcasterTests()
        tested.node.state.withLock { $0.hideReceipts = 1 }
        tested.node.fail(method, fault)
        let result = try await tested.broadcaster().submit(intent())
        guard case .included = result.outcome else {
          Issue.record("\(method) \(fault): \(result.outcome)")
          continue
        }
        #expect(Set(tested.node.sent).count == 1, "\(method) \(fault)")
      }
    }
  }

  @Test func intentsSurviveTheirEncoding() throws {
    for state: ChainIntent.State in [
      .prepared, .sent, .included(block: 7), .confirmed(block: .max), .expired, .rejected,
    ] {
      var intent = intent(validBefore: state == .sent ? nil : 5)
      intent.state = state
      #expect(try ChainIntent(decoding: intent.encoded()) == intent)
    }
    let bytes = try intent().encoded()
    for length in 0..<bytes.count {
      #expect(throws: (any Error).self) { try ChainIntent(decoding: Array(bytes[..<length])) }
    }
    #expect(throws: (any Error).self) { try ChainIntent(decoding: bytes + [0]) }
  }
}
