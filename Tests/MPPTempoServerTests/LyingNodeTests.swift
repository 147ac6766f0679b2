import EVM
import MPPCore
import MPPServer
import MPPTempo
import MPPTesting
import PeerSupport
import Synchronization
import Tempo
import TempoDevnet
import Testing

@testable import MPPTempoServer

/// A node that lies once ends nothing, and a contradiction ends in a final state.
@Suite struct LyingNodeTests {
  /// What `getChannelState` answers for a channel that does not exist.
  static let zero = JSONValue.string("0x" + String(repeating: "0", count: 192))
  /// The same of a batch of one.
  static let zeros = JSONValue.string(
    "0x" + String(repeating: "0", count: 62) + "20" + String(repeating: "0", count: 63) + "1"
      + String(repeating: "0", count: 192))

  @Test func oneZeroReadEndsNoChannel() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 9_000)
    harness.devnet.clock.advance(seconds: 6)
    harness.devnet.faults.inject(.method("eth_call"), .patchResult(Self.zero))
    // The read fails as one that was not answered: the channel is served with what is known.
    try await harness.deliver(try await harness.get(channel.voucher(2_000)))
    #expect(try await harness.record(channel).phase == .open)
    // A close that is told so ends nothing either.
    harness.devnet.faults.inject(.method("eth_call"), .patchResult(Self.zero))
    let refused = try await harness.post(channel.close(2_000))
    #expect(Harness.problem(refused)?.status == 503)
    harness.devnet.clock.advance(seconds: 1)
    _ = try Harness.receipt(try await harness.post(channel.close(2_000)))
    try await harness.expectAgreement(channel)
  }

  /// What `getChannelState` or, for a batch of one, `getChannelStatesBatch` answers.
  private static func state(_ settled: UInt128, of deposit: UInt128, isBatch: Bool) throws -> JSONValue {
    let state = try ChannelState(settled: settled, deposit: deposit, closeRequestedAt: 0)
    return .string(
      Hex.encode(
        isBatch ? try ChannelReserveABI.encodeStates([state]) : try ChannelReserveABI.encodeState(state)))
  }

  /// As much as was delivered, more, and everything: each would keep us from ever asking for our money.
  @Test(arguments: [2_000, 4_000, 9_000] as [UInt64], [false, true])
  func oneFalseAnswerSettlesNothing(_ settled: UInt64, isBatch: Bool) async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 9_000)
    try await harness.deliver(try await harness.get(channel.voucher(5_000)))
    harness.devnet.clock.advance(seconds: 6)
    let rule = harness.devnet.faults.inject(
      .method("eth_call"), .patchResult(try Self.state(UInt128(settled), of: 9_000, isBatch: isBatch)))
    if isBatch {
      await harness.method.settlements.sweep()
    } else {
      _ = try Harness.receipt(try await harness.post(channel.voucher(5_000)))
    }
    #expect(harness.devnet.faults.timesFired(rule) == 1)
    #expect(try await harness.record(channel).settled == .zero)
    try await harness.payer.sendDirectly(try ChannelReserveABI.requestCloseCalldata(channel.descriptor))
    await harness.method.settlements.sweep()
    #expect(try await harness.record(channel).settled.units == 2_000)
    try await harness.expectAgreement(channel)
  }

  @Test(arguments: [false, true]) func oneFalseAnswerRaisesNoDeposit(isBatch: Bool) async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 9_000)
    let rule = harness.devnet.faults.inject(
      .method("eth_call"), .patchResult(try Self.state(0, of: 27_000, isBatch: isBatch)))
    if isBatch { await harness.method.settlements.sweep() }
    expectRefusal(
      try await harness.get(channel.voucher(9_001)), .amountExceedsDeposit,
      "Amount exceeds deposit: voucher amount exceeds on-chain deposit.")
    #expect(harness.devnet.faults.timesFired(rule) == 1)
    #expect(try await harness.record(channel).deposit.units == 9_000)
    // What is true is believed.
    try await harness.payer.sendDirectly(
      try ChannelReserveABI.topUpCalldata(channel.descriptor, additionalDeposit: 5_000))
    harness.devnet.clock.advance(seconds: 1)
    try await harness.deliver(try await harness.get(channel.voucher(9_001)))
    try await harness.expectAgreement(channel)
  }

  /// 5 × 10^16 attodollars per gas: what the signer owns would not pay for one settlement.
  @Test(arguments: [true, false]) func aNodeThatAsksForAFortuneGetsNoSignature(isTip: Bool) async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 9_000)
    let price = JSONValue.string("0xb1a2bc2ec50000")
    harness.devnet.faults.inject(
      .method(isTip ? "eth_maxPriorityFeePerGas" : "eth_getBlockByNumber"),
      .patchResult(isTip ? price : .object([.init(key: "baseFeePerGas", value: price)])), count: nil)
    await #expect(throws: PaymentProblem.self) { try await harness.method.settle(channelID: channel.id.hex) }
    #expect(Harness.problem(try await harness.post(channel.close(1_000)))?.status == 503)
    let journal = try await harness.store.scan(.all(RecordKind.chainIntent), .all, after: nil, limit: 9)
    #expect(journal.count == 1)  // The open.
    #expect(try await harness.record(channel).phase == .open)
    harness.devnet.faults.clear()
    #expect(try await harness.method.settle(channelID: channel.id.hex)?.amount.units == 1_000)
    try await harness.deliver(try await harness.get(channel.voucher(2_000)))
    _ = try Harness.receipt(try await harness.post(channel.close(2_000)))
    #expect(try await harness.record(channel).settled.units == 2_000)
    try await harness.expectAgreement(channel)
  }

  @Test func oneZeroReadOfTheSweepEndsNoChannel() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 9_000)
    let rule = harness.devnet.faults.inject(.method("eth_call"), .patchResult(Self.zeros))
    await harness.method.settlements.sweep()
    #expect(harness.devnet.faults.timesFired(rule) == 1)
    #expect(try await harness.record(channel).phase == .open)
    try await harness.deliver(try await harness.get(channel.voucher(2_000)))
  }

  @Test func aChannelThatIsGoneTwiceIsGone() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 9_000)
    try await harness.payer.sendDirectly(try ChannelReserveABI.requestCloseCalldata(channel.descriptor))
    harness.devnet.clock.advance(seconds: 901)
    try await harness.payer.sendDirectly(try ChannelReserveABI.withdrawCalldata(channel.descriptor))
    await harness.method.settlements.sweep()
    let record = try await harness.record(channel)
    #expect(record.finalized)
    #expect(record.loss.units == 1_000)
  }

  @Test func anImpossibleBlockNumberIsAFaultAndMutesNothing() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 9_000)
    for number in ["0xffffffffffffffff", "0x7fffffff", "0x1000"] {
      harness.devnet.clock.advance(seconds: 6)
      let rule = harness.devnet.faults.inject(
        .method("eth_blockNumber"), .patchResult(.string(number)))
      try await harness.deliver(
        try await harness.get(channel.voucher(try await harness.record(channel).accepted.units + 1_000)))
      #expect(harness.devnet.faults.timesFired(rule) == 1)
    }
    #expect(try await harness.record(channel).observedBlock < 100)
    try await harness.payer.sendDirectly(try ChannelReserveABI.requestCloseCalldata(channel.descriptor))
    await harness.method.settlements.sweep()
    #expect(try await harness.record(channel).settled.units == 4_000)
  }

  @Test func blockNumbersMayGrowWithTimeOnly() {
    let heights = ChainHeights()
    let start = Timestamp(milliseconds: 1_000_000)
    #expect(heights.accept(500, now: start))
    #expect(!heights.accept(500 + 1_025, now: start))
    #expect(heights.accept(500 + 1_000, now: start))
    // Several lies lead no further than one.
    #expect(!heights.accept(500 + 2_000, now: start))
    let late = start.adding(seconds: 3_600)
    #expect(!heights.accept(.max, now: late))
    #expect(!heights.accept(500 + 1_024 + 36_001, now: late))
    #expect(heights.accept(500 + 1_024 + 36_000, now: late))
    #expect(heights.accept(500 + 36_000, now: late))
    // A clock that is corrected allows nothing more, and nothing less.
    #expect(!heights.accept(36_500 + 1_025, now: late.adding(seconds: -60)))
    #expect(heights.accept(36_500 + 1_024, now: late.adding(seconds: -60)))
  }

  @Test func aClockThatWasSetBackMakesNoBlockImpossible() async throws {
    let heights = ChainHeights()
    let now = Timestamp(milliseconds: 10_000_000)
    #expect(heights.isEmpty(now: now))
    #expect(heights.accept(500, now: now))
    #expect(!heights.isEmpty(now: now.adding(seconds: -60)))
    let back = now.adding(seconds: -3_600)
    #expect(heights.isEmpty(now: back))
    #expect(heights.isPossible(9_000, now: back))
    #expect(heights.accept(9_000, now: back))
    #expect(!heights.accept(9_000 + 1_025, now: back))

    // A server that has looked at nothing since then sees what payers ask the chain for.
    let devnet = try Harness.chain()
    let clock = FalseClock(devnet.clock)
    let harness = try await Harness(devnet: devnet, clock: clock)
    let channel = try await harness.opened(deposit: 9_000)
    harness.devnet.mine(2_000)
    clock.back.withLock { $0 = 36_000 }
    try await harness.payer.sendDirectly(try ChannelReserveABI.requestCloseCalldata(channel.descriptor))
    let asked = harness.devnet.requestCount("eth_blockNumber")
    await harness.method.settlements.sweepForcedCloses()
    #expect(try await harness.record(channel).settled.units == 1_000)
    #expect(harness.devnet.requestCount("eth_blockNumber") >= asked + 3)
  }

  @Test func aScheduleSurvivesAClockThatWasAhead() async throws {
    let devnet = try Harness.chain()
    let clock = FalseClock(devnet.clock)
    let harness = try await Harness(
      devnet: devnet, clock: clock,
      options: { $0.settlement = SettlementSchedule(intervalMilliseconds: 60_000) })
    let channel = try await harness.opened(deposit: 9_000)
    clock.back.withLock { $0 = -600 }
    _ = try await harness.method.settle(channelID: channel.id.hex)
    clock.back.withLock { $0 = 0 }
    try await harness.deliver(try await harness.get(channel.voucher(2_000)))
    await harness.method.settlements.sweep()
    #expect(try await harness.record(channel).settled.units == 2_000)
  }

  /// Nodes lag behind each other, chains are begun anew, and receipts are old: none of it makes what comes next impossible.
  @Test func aLowerBlockNumberChangesNothing() {
    let heights = ChainHeights()
    let start = Timestamp(milliseconds: 1_000_000)
    #expect(heights.accept(100_000, now: start))
    #expect(heights.accept(3, now: start))
    #expect(heights.isPossible(0, now: start))
    #expect(heights.isPossible(100_000 + 1_024, now: start))
    #expect(!heights.isPossible(100_000 + 1_025, now: start))
    // What is only asked about sets no bound, nor does what time does not explain.
    #expect(heights.accept(100_000 + 1_024, now: start))
    #expect(!heights.accept(100_000 + 1_025, now: start))
    let later = start.adding(seconds: 200)
    #expect(heights.accept(101_024, now: later))
    #expect(heights.isPossible(101_024 + 1_024, now: later))
  }

  @Test func theFirstBlockNumberIsAskedForTwice() async throws {
    let devnet = try Harness.chain()
    let store = MemoryStoreForRestart()
    let first = try await Harness(devnet: devnet, store: store.open())
    let channel = try await first.opened(deposit: 9_000)
    try await first.server.ledger.flush()
    let second = try await Harness(devnet: devnet, store: store.open(), seed: 2)
    let rule = devnet.faults.inject(.method("eth_blockNumber"), .patchResult(.string("0xffffffff")))
    let refused = try await second.get(channel.voucher(2_000))
    #expect(Harness.problem(refused)?.status == 503, "\(Harness.text(refused))")
    #expect(devnet.faults.timesFired(rule) == 1)
    try await second.deliver(try await second.get(channel.voucher(2_000)))
    #expect(try await second.record(channel).observedBlock < 100)
  }

  // MARK: Receipts that contradict the chain

  /// A transaction that failed, with a receipt that says it did not.
  private static func lie(_ devnet: Devnet) {
    devnet.faults.inject(.broadcast, .revert())
    devnet.faults.inject(
      .method("eth_getTransactionReceipt"),
      .patchResult(.object([.init(key: "status", value: .string("0x1"))])), count: nil)
  }

  @Test func aSettleReceiptThatContradictsTheChainEndsTheAction() async throws {
    let harness = try await Harness(options: { $0.settlement = SettlementSchedule(units: 1) })
    let channel = try await harness.opened(deposit: 9_000)
    await harness.method.settlements.drain()
    try await harness.deliver(try await harness.get(channel.voucher(2_000)))
    Self.lie(harness.devnet)
    await #expect(throws: PaymentProblem.self) { try await harness.method.settle(channelID: channel.id.hex) }
    #expect(try await harness.channels.intents.pending(limit: 9).isEmpty)
    // A node that goes on lying does not make us send without end.
    let count = harness.devnet.requestCount("eth_sendRawTransaction")
    await harness.method.settlements.sweep()
    await harness.method.settlements.drain()
    #expect(harness.devnet.requestCount("eth_sendRawTransaction") == count)
    harness.devnet.faults.clear()
    _ = try await harness.method.settle(channelID: channel.id.hex)
    #expect(harness.devnet.channel(channel.id)?.settled.units == 2_000)
    try await harness.expectAgreement(channel)
  }

  @Test func aSettlementIsBelievedByTheStateWhateverItsReceiptSays() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 9_000)
    harness.devnet.faults.inject(
      .method("eth_getTransactionReceipt"), .patchResult(.object([.init(key: "logs", value: .array([]))])))
    #expect(try await harness.method.settle(channelID: channel.id.hex)?.amount.units == 1_000)
    try await harness.expectAgreement(channel)
  }

  @Test func aCloseReceiptThatContradictsTheChainEndsTheActionAndOpensTheChannelAgain() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 9_000)
    Self.lie(harness.devnet)
    let refused = try await harness.post(channel.close(1_000))
    #expect(Harness.problem(refused)?.status == 402)
    #expect(try await harness.channels.intents.pending(limit: 9).isEmpty)
    #expect(try await harness.record(channel).phase == .open)
    harness.devnet.faults.clear()
    try await harness.deliver(try await harness.get(channel.voucher(2_000)))
    _ = try Harness.receipt(try await harness.post(channel.close(2_000)))
    #expect(try await harness.record(channel).settled.units == 2_000)
    try await harness.expectAgreement(channel)
  }

  @Test func aCloseWithoutItsEventIsBelievedByTheState() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 9_000)
    harness.devnet.faults.inject(
      .method("eth_getTransactionReceipt"), .patchResult(.object([.init(key: "logs", value: .array([]))])))
    _ = try Harness.receipt(try await harness.post(channel.close(1_000)))
    #expect(try await harness.record(channel).settled.units == 1_000)
    try await harness.expectAgreement(channel)
  }

  @Test func anOpenReceiptThatContradictsTheChainEndsTheAction() async throws {
    let harness = try await Harness()
    let channel = try await harness.payer.open(deposit: 9_000, payee: harness.payee)
    Self.lie(harness.devnet)
    let refused = try await harness.post(channel.openPayload(1_000))
    #expect(Harness.problem(refused)?.status == 402)
    await harness.method.settlements.sweep()
    #expect(try await harness.channels.intents.pending(limit: 9).isEmpty)
    #expect(try await harness.channels.load(channel.id) == nil)
  }

  // MARK: Ended actions

  @Test func endedActionsLeaveTheLedgerAfterTheirTime() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 9_000)
    _ = try await harness.post(try await harness.payer.topUp(channel, 1_000))
    _ = try await harness.method.settle(channelID: channel.id.hex)
    _ = try Harness.receipt(try await harness.post(channel.close(1_000)))
    func rows() async throws -> Int {
      try await harness.store.scan(.all(RecordKind.chainIntent), .all, after: nil, limit: 99).count
    }
    #expect(try await rows() == 4)
    harness.devnet.clock.advance(seconds: 6 * 86_400)
    await harness.method.settlements.sweep()
    #expect(try await rows() == 4)
    harness.devnet.clock.advance(seconds: 2 * 86_400)
    // What is not ended stays, however old.
    let other = try await harness.payer.open(deposit: 9_000, payee: harness.payee)
    harness.devnet.faults.inject(.broadcast, .drop)
    _ = try await harness.post(other.openPayload(1_000))
    await harness.method.settlements.sweep()
    #expect(try await rows() == 1)
    #expect(try await harness.record(channel).finalized)
    expectRefusal(
      try await harness.post(channel.close(1_000)), .channelClosed,
      "Channel closed: channel is already finalized.")
  }
}

/// As fast as the true one, and behind it.
private final class FalseClock: WallClock {
  private let clock: any WallClock
  /// Seconds.
  let back = Mutex<Int64>(0)

  init(_ clock: any WallClock) { self.clock = clock }

  var now: Timestamp { clock.now.adding(seconds: -back.withLock { $0 }) }
}
