import EVM
import MPPCore
import MPPTempo
import MPPTesting
import PeerSupport
import Tempo
import TempoDevnet
import Testing

@testable import MPPServer
@testable import MPPTempoServer

/// Holds whose owner is slow, gone, or in another process, and ends that the ledger did not take.
@Suite struct HoldKeeperTests {
  /// Two processes on one ledger and one chain.
  private static func pair() async throws -> (Harness, Harness) {
    let store = MemoryStore()
    let first = try await Harness(store: store, options: { $0.isOnlyProcess = false })
    let second = try await Harness(
      devnet: first.devnet, store: store, seed: 2, options: { $0.isOnlyProcess = false })
    return (first, second)
  }

  // MARK: Several processes

  @Test func aLongDeliveryKeepsItsHoldInTheEyesOfOtherProcesses() async throws {
    let (first, second) = try await Self.pair()
    let channel = try await first.opened(deposit: 9_000)
    let payment = try await second.paid(channel.voucher(2_000))
    #expect(payment.begin() == nil)
    for _ in 0..<30 {
      first.devnet.clock.advance(seconds: 20)
      await HoldKeeper(second.channels).look()
    }
    // Ten leases later the headroom is still taken, and the delivery is charged.
    expectRefusal(
      try await first.get(channel.voucher(2_000)), .insufficientBalance,
      "Insufficient balance: requested 1000, available 0.")
    await payment.delivered()
    try await second.server.ledger.flush()
    _ = try Harness.receipt(try await first.post(channel.close(2_000)))
    #expect(try await first.record(channel).settled.units == 2_000)
  }

  @Test func aHoldOfADeadProcessIsReleasedAtTheEndOfItsLease() async throws {
    let (first, second) = try await Self.pair()
    let channel = try await first.opened(deposit: 9_000)
    let payment = try await second.paid(channel.voucher(2_000))
    first.devnet.clock.advance(seconds: 61)
    try await first.deliver(try await first.get(channel.voucher(2_000)))
    #expect(try await first.record(channel).spent.units == 2_000)
    // The process was only very slow: it must not deliver for a price that is not held any more.
    #expect(payment.begin()?.status == 410)
  }

  @Test func aHoldWhoseLeaseEndedBeforeItsDeliveryIsGivenBack() async throws {
    let (first, second) = try await Self.pair()
    let channel = try await first.opened(deposit: 9_000)
    let payment = try await second.paid(channel.voucher(2_000))
    first.devnet.clock.advance(seconds: 61)
    #expect(payment.begin()?.status == 410)
    await HoldKeeper(second.channels).look()
    #expect(try await second.record(channel).held == .zero)
    #expect(second.channels.live.count == 0)
    try await second.deliver(try await second.get(channel.voucher(2_000)))
  }

  @Test func aCloseElsewhereChargesWhatIsBeingSentHere() async throws {
    let (first, second) = try await Self.pair()
    let channel = try await first.opened(deposit: 9_000)
    let sending = try await second.paid(channel.voucher(2_000))
    #expect(sending.begin() == nil)
    let waiting = try await second.paid(channel.voucher(3_000))
    let close = Task { try await first.post(channel.close(3_000)) }
    let keeper = Task {
      while !Task.isCancelled {
        await HoldKeeper(second.channels).look()
        await Task.yield()
      }
    }
    _ = try Harness.receipt(try await close.value)
    keeper.cancel()
    await keeper.value
    #expect(try await first.record(channel).settled.units == 2_000)
    #expect(waiting.begin()?.status == 410)
    await sending.delivered()
    try await first.expectAgreement(channel)
  }

  @Test func aDeliveryIsChargedThoughAnotherProcessChangedTheChannelMeanwhile() async throws {
    let (first, second) = try await Self.pair()
    let channel = try await first.opened(deposit: 9_000)
    let payment = try await second.paid(channel.voucher(2_000))
    // The record in the memory of the second process is old now, and its unawaited write meets a conflict.
    try await first.deliver(try await first.get(channel.voucher(3_000)))
    try await first.server.ledger.flush()
    await payment.delivered()
    try? await second.server.ledger.flush()
    await HoldKeeper(second.channels).look()
    second.channels.table.refresh(ChannelRecord.key(channel.id))
    #expect(try await second.record(channel).spent.units == 3_000)
    #expect(second.channels.live.count == 0)
  }

  // MARK: Owners who are gone

  @Test func aHoldWithoutAnOwnerIsReleased() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 9_000)
    for _ in 0..<3 {
      // The payment is dropped: nobody reports. The server's service is not even running.
      do { _ = try await harness.paid(channel.voucher(2_000)) }
      await harness.server.reaper.drain()
    }
    #expect(try await harness.record(channel).held == .zero)
  }

  @Test func aHoldNobodyEverReleasesIsHeadroomAgainWhenItIsNeeded() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 9_000)
    let request = HoldRequest(
      id: harness.channels.holds.next(), amount: Harness.price, now: harness.now,
      expires: harness.now.adding(seconds: 60))
    try await harness.post(channel.voucher(2_000)).expectManagement()
    let (record, _) = try await harness.channels.taking(request, of: channel.id) {
      let record = try await harness.channels.apply(.hold(request), to: channel.id)
      return (record, .held(record.holds[0]))
    }
    #expect(record.held == Harness.price)
    harness.channels.live.abandon(request.id)
    try await harness.deliver(try await harness.get(channel.voucher(2_000)))
    #expect(harness.channels.live.count == 0)
  }

  @Test func aForgottenDeliveryEnds() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 9_000)
    let sending = try await harness.paid(channel.voucher(2_000))
    #expect(sending.begin() == nil)
    let waiting = try await harness.paid(channel.voucher(3_000))
    harness.devnet.clock.advance(seconds: 3_599)
    await HoldKeeper(harness.channels).look()
    #expect(try await harness.record(channel).holds.count == 2)
    harness.devnet.clock.advance(seconds: 2)
    await HoldKeeper(harness.channels).look()
    let record = try await harness.record(channel)
    #expect(record.held == .zero)
    #expect(record.spent.units == 2_000)
    #expect(waiting.begin()?.status == 410)
    await sending.delivered()
    #expect(harness.channels.live.count == 0)
  }

  // MARK: A ledger that refuses

  @Test(arguments: [FaultStore.Fault.before, .after])
  func aDeliveryIsChargedThoughTheLedgerFailedOnce(_ fault: FaultStore.Fault) async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 9_000)
    let payment = try await harness.paid(channel.voucher(2_000))
    try await harness.server.ledger.flush()
    harness.store.failCommit(harness.store.commitCount + 1, fault)
    await payment.delivered()
    try? await harness.server.ledger.flush()
    await HoldKeeper(harness.channels).look()
    try await harness.server.ledger.flush()
    let record = try await harness.record(channel)
    #expect(record.spent.units == 2_000)
    #expect(record.units == 2)
    #expect(harness.channels.live.count == 0)
  }

  @Test func aFullQueueRefusesNewHoldsAndNoDelivery() async throws {
    var limits = LedgerLimits()
    limits.pendingWrites = 1
    let harness = try await Harness(limits: limits)
    var channels: [OpenChannel] = []
    var payments: [Payment] = []
    for _ in 0..<3 {
      let channel = try await harness.opened(deposit: 9_000)
      channels.append(channel)
      payments.append(try await harness.paid(channel.voucher(2_000)))
    }
    let spare = try await harness.opened(deposit: 9_000)
    let credential = try await harness.credential(spare.voucher(2_000))
    try await harness.server.ledger.flush()
    harness.store.pause()
    for payment in payments { await payment.delivered() }
    let refused = await harness.send(credential)
    #expect(Harness.problem(refused)?.status == 503)
    harness.store.resume()
    try await harness.server.ledger.flush()
    for channel in channels { #expect(try await harness.record(channel).spent.units == 2_000) }
    try await harness.deliver(await harness.send(credential))
  }
}

extension PaymentOutcome {
  func expectManagement(sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(response?.status == 204, "\(Harness.text(self))", sourceLocation: sourceLocation)
  }
}
