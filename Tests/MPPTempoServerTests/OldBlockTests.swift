import EVM
import MPPCore
import MPPServer
import MPPTempo
import PeerSupport
import Synchronization
import Tempo
import TempoDevnet
import TempoRPC
import Testing

@testable import MPPTempoServer

/// Transactions that were included long ago: what they say is true of then, not of now.
@Suite struct OldBlockTests {
  private static func requestClose(_ descriptor: ChannelDescriptor) throws -> [UInt8] {
    try ChannelReserveABI.requestCloseCalldata(descriptor)
  }

  /// From now on what is sent is included, and nobody learns of it: time stands still, so nothing expires either.
  private static func hideReceipts(_ harness: Harness) {
    harness.devnet.faults.inject(.method("eth_getTransactionReceipt"), .refuse, count: nil)
    harness.sleeper.isFrozen.withLock { $0 = true }
  }

  // MARK: The height of the chain

  /// Anybody may send a finished credential again: it must not make the server take true block numbers for false.
  @Test func anOldReceiptDoesNotBlindTheServer() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 9_000)
    let other = try await harness.opened(deposit: 9_000)
    let topUp = try await harness.payer.topUp(channel, 1_000)
    _ = try Harness.receipt(try await harness.post(topUp))
    for _ in 0..<2 {
      harness.devnet.clock.advance(seconds: 100)
      harness.devnet.mine(1_000)
      await harness.method.settlements.sweep()
    }
    _ = try Harness.receipt(try await harness.post(topUp))
    try await harness.payer.sendDirectly(try Self.requestClose(other.descriptor))
    await harness.method.settlements.sweep()
    #expect(try await harness.record(other).settled.units == 1_000)
    try await harness.expectAgreement(other)
  }

  enum Action: String, CaseIterable, Sendable { case open, settle, close }

  /// A process that was away for an hour finds what it sent before: the state of that block is long forgotten.
  @Test(arguments: Action.allCases)
  func anActionIsFinishedHoursAfterItWasIncluded(_ action: Action) async throws {
    let devnet = try Harness.chain()
    let store = MemoryStoreForRestart()
    let first = try await Harness(devnet: devnet, store: store.open())
    let channel: OpenChannel
    switch action {
    case .open: channel = try await first.payer.open(deposit: 9_000, payee: first.payee)
    case .settle, .close: channel = try await first.opened(deposit: 9_000)
    }
    Self.hideReceipts(first)
    switch action {
    case .open: #expect(Harness.problem(try await first.post(channel.openPayload(1_000)))?.status == 503)
    case .settle:
      await #expect(throws: PaymentProblem.self) { try await first.method.settle(channelID: channel.id.hex) }
    case .close: #expect(Harness.problem(try await first.post(channel.close(1_000)))?.status == 503)
    }
    try await first.server.ledger.flush()
    devnet.faults.clear()
    devnet.clock.advance(seconds: 3_600)
    devnet.mine(7_200)
    let second = try await Harness(devnet: devnet, store: store.open(), seed: 2)
    try await second.method.reconcile()
    try await second.expectAgreement(channel)
    // Heights are as they are, whatever was found first.
    try await second.payer.sendDirectly(
      try Self.requestClose(try await second.opened(deposit: 5_000).descriptor))
    await second.method.settlements.sweep()
    #expect(try await second.channels.intents.pending(limit: 9).isEmpty)
  }

  /// An offer may name another reserve than the method does; the journal knows which.
  @Test func anOpenInTheReserveOfItsOfferIsFinishedAfterARestart() async throws {
    let devnet = try Harness.chain()
    let store = MemoryStoreForRestart()
    func harness(_ seed: UInt64) async throws -> Harness {
      try await Harness(
        devnet: devnet, store: store.open(), seed: seed,
        offer: {
          $0.options.append(
            .init(key: "escrowContract", value: .string(TempoAddress.channelReserve.checksummed)))
        }, options: { $0.escrow = TempoAddress.dex })
    }
    let first = try await harness(1)
    let channel = try await first.payer.open(deposit: 9_000, payee: first.payee)
    Self.hideReceipts(first)
    #expect(Harness.problem(try await first.post(channel.openPayload(1_000)))?.status == 503)
    try await first.server.ledger.flush()
    devnet.faults.clear()
    let second = try await harness(2)
    try await second.method.reconcile()
    #expect(try await second.record(channel).escrow == TempoAddress.channelReserve)
    try await second.expectAgreement(channel)
  }

  /// Journals written before the reserve was kept are read as before.
  @Test func anOpenInAnOldJournalHasNoReserve() async throws {
    let devnet = try Harness.chain()
    let channel = try await Payer(devnet, devnet.accounts[0], seed: 1).open(
      deposit: 9_000, payee: devnet.accounts[1].address)
    let voucher = SignedVoucher(
      channelID: channel.id, cumulativeAmount: Amount(units: 5), signature: try channel.signature(5))
    for escrow in [nil, channel.escrow] {
      let context = IntentContext.open(
        descriptor: channel.descriptor, deposit: Amount(units: 9_000), voucher: voucher, escrow: escrow)
      let bytes = try context.encoded()
      #expect(try IntentContext(decoding: bytes) == context)
      #expect(bytes[1] == (escrow == nil ? 1 : 5))
    }
  }

  // MARK: Opens

  /// The payer sends its own open, takes the deposit back, and offers the open for sale.
  @Test(arguments: [false, true])
  func anOpenThatWasWithdrawnServesNothing(_ isForgotten: Bool) async throws {
    let harness = try await Harness()
    let channel = try await harness.payer.open(deposit: 9_000, payee: harness.payee)
    _ = try await harness.payer.planner.client.sendRawTransactionSync(channel.transaction.serialized)
    try await harness.payer.sendDirectly(try Self.requestClose(channel.descriptor))
    harness.devnet.clock.advance(seconds: 901)
    try await harness.payer.sendDirectly(try ChannelReserveABI.withdrawCalldata(channel.descriptor))
    if isForgotten { harness.devnet.mine(2_000) }
    expectRefusal(
      try await harness.get(channel.openPayload(1_000)), .channelNotFound,
      "Channel not found: channel not funded on-chain.")
    #expect(try await harness.channels.load(channel.id) == nil)
    await harness.method.settlements.sweep()
    #expect(try await harness.channels.intents.pending(limit: 9).isEmpty)
    #expect(try await harness.channels.load(channel.id) == nil)
  }

  @Test func anOpenWhosePayerHasAskedToCloseServesNothing() async throws {
    let harness = try await Harness()
    let channel = try await harness.payer.open(deposit: 9_000, payee: harness.payee)
    _ = try await harness.payer.planner.client.sendRawTransactionSync(channel.transaction.serialized)
    try await harness.payer.sendDirectly(try Self.requestClose(channel.descriptor))
    expectRefusal(
      try await harness.get(channel.openPayload(1_000)), .channelClosed,
      "Channel closed: channel has a pending close request.")
    #expect(try await harness.channels.load(channel.id) == nil)
  }

  /// A ledger that was lost: what the chain has paid out is not for sale again.
  @Test func anOpenStartsWithWhatWasSettledSince() async throws {
    let devnet = try Harness.chain()
    let first = try await Harness(devnet: devnet)
    let channel = try await first.opened(deposit: 4_000)
    try await first.deliver(try await first.get(channel.voucher(2_000)))
    _ = try await first.method.settle(channelID: channel.id.hex)
    let second = try await Harness(devnet: devnet, seed: 2)
    try await second.deliver(try await second.get(channel.openPayload(3_000)))
    let record = try await second.record(channel)
    #expect(record.settled.units == 2_000)
    #expect(record.spent.units == 3_000)
    expectRefusal(
      try await second.get(channel.voucher(3_000)), .insufficientBalance,
      "Insufficient balance: requested 1000, available 0.")
    try await second.expectAgreement(channel)
  }

  /// One answer that the channel is gone is not believed: the deposit would be denied for ever.
  @Test func aNodeThatForgetsTheChannelOnceRefusesNoOpen() async throws {
    let harness = try await Harness()
    let channel = try await harness.payer.open(deposit: 9_000, payee: harness.payee)
    _ = try await harness.payer.planner.client.sendRawTransactionSync(channel.transaction.serialized)
    harness.devnet.mine(3)
    let words = try ChannelReserveABI.getChannelCalldata(channel.descriptor).dropFirst(4)
    let zero = JSONValue.string(
      "0x" + words.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        + String(repeating: "0", count: 192))
    // The first read of the open is the simulation.
    harness.devnet.faults.inject(.method("eth_call"), .patchResult(zero), skip: 1)
    let outcome = try await harness.get(channel.openPayload(1_000))
    #expect(Harness.problem(outcome)?.status == 503, "\(Harness.text(outcome))")
    try await harness.deliver(try await harness.get(channel.openPayload(1_000)))
    try await harness.expectAgreement(channel)
  }

  // MARK: Top-ups

  /// A finished top-up, sent again and again, must not keep the server from looking at the chain.
  @Test func anOldTopUpMakesNothingFresh() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 9_000)
    let topUp = try await harness.payer.topUp(channel, 1_000)
    _ = try Harness.receipt(try await harness.post(topUp))
    harness.devnet.clock.advance(seconds: 6)
    try await harness.payer.sendDirectly(try Self.requestClose(channel.descriptor))
    for _ in 0..<2 {
      let outcome = try await harness.post(topUp)
      expectRefusal(outcome, .channelClosed, "Channel closed: channel has a pending close request.")
      expectRefusal(
        try await harness.get(channel.voucher(2_000)), .channelClosed,
        "Channel closed: channel has a pending close request.")
    }
  }
}
