import EVM
import MPPCore
import MPPServer
import MPPTempo
import MPPTesting
import PeerSupport
import Tempo
import TempoDevnet
import Testing

@testable import MPPTempoServer

/// What becomes of deliveries under way when their channel is closed: a close makes nothing free, and charges
/// nothing that was not sent.
@Suite struct DeliveryAndCloseTests {
  @Test func aCloseChargesWhatIsBeingSent() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 9_000)
    let payment = try await harness.paid(channel.voucher(2_000))
    #expect(payment.begin() == nil)
    _ = try Harness.receipt(try await harness.post(channel.close(2_000)))
    #expect(harness.devnet.channel(channel.id) == nil)
    #expect(try await harness.record(channel).settled.units == 2_000)
    await payment.delivered()
    #expect(try await harness.record(channel).units == 2)
    #expect(harness.channels.live.count == 0)
    try await harness.expectAgreement(channel)
  }

  @Test func aCloseGivesBackWhatWasNotSentAndRefusesIt() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 9_000)
    let payment = try await harness.paid(channel.voucher(2_000))
    _ = try Harness.receipt(try await harness.post(channel.close(2_000)))
    #expect(try await harness.record(channel).settled.units == 1_000)
    let refusal = try #require(payment.begin())
    #expect(refusal.status == 410)
    #expect(payment.isResolved)
    #expect(harness.channels.live.count == 0)
  }

  @Test func ofManyDeliveriesAsManyAreChargedAsHaveBegun() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 90_000)
    let payload = try channel.voucher(41_000)
    var payments: [Payment] = []
    for _ in 0..<40 { payments.append(try await harness.paid(payload)) }
    for payment in payments[..<25] { #expect(payment.begin() == nil) }
    _ = try Harness.receipt(try await harness.post(channel.close(41_000)))
    #expect(try await harness.record(channel).settled.units == 26_000)
    #expect(payments[25...].allSatisfy { $0.begin()?.status == 410 })
    for payment in payments[..<25] { await payment.delivered() }
    #expect(harness.channels.live.count == 0)
    try await harness.expectAgreement(channel)
  }

  /// Whatever the order: a response is sent exactly when its price is captured.
  @Test(arguments: 1...20) func aDeliveryThatBeginsWhileTheCloseDecidesIsChargedOrRefused(
    _ seed: UInt64
  ) async throws {
    let harness = try await Harness(seed: seed, options: { $0.holdLease = 20 })
    let channel = try await harness.opened(deposit: 90_000)
    let payload = try channel.voucher(17_000)
    var payments: [Payment] = []
    for _ in 0..<16 { payments.append(try await harness.paid(payload)) }
    let close = Task { try await harness.post(channel.close(17_000)) }
    while try await harness.record(channel).phase == .open { await Task.yield() }
    let sent = await withTaskGroup(of: Bool.self) { [payments] group in
      for (index, payment) in payments.enumerated() {
        group.addTask {
          for _ in 0..<index * Int(seed) { await Task.yield() }
          guard payment.begin() == nil else { return false }
          for _ in 0..<20 { await Task.yield() }
          await payment.delivered()
          return true
        }
      }
      return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    _ = try Harness.receipt(try await close.value)
    #expect(try await harness.record(channel).settled.units == UInt128(1_000 + sent * 1_000))
    #expect(harness.channels.live.count == 0)
  }

  @Test func aCloseThatComesToNothingLosesNoDelivery() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 9_000)
    let payment = try await harness.paid(channel.voucher(2_000))
    #expect(payment.begin() == nil)
    // Everything the closer asks the node fails, after the deliveries were decided about.
    harness.devnet.faults.inject(.method("eth_estimateGas"), .refuse, count: nil)
    _ = try await harness.post(channel.close(2_000))
    harness.devnet.faults.clear()
    let record = try await harness.record(channel)
    #expect(record.phase == .open)
    #expect(record.spent.units == 2_000)
    await payment.delivered()
    #expect(try await harness.record(channel).spent.units == 2_000)
    _ = try Harness.receipt(try await harness.post(channel.close(2_000)))
    #expect(try await harness.record(channel).settled.units == 2_000)
  }

  @Test func aDecisionTheLedgerRefusesIsMadeUpFor() async throws {
    let harness = try await Harness(options: { $0.holdLease = 30 })
    let channel = try await harness.opened(deposit: 9_000)
    let payment = try await harness.paid(channel.voucher(2_000))
    #expect(payment.begin() == nil)
    // The first write of the close is its lease, the second the decision.
    try await harness.server.ledger.flush()
    harness.store.failCommit(harness.store.commitCount + 2, .before)
    let refused = try await harness.post(channel.close(2_000))
    #expect(Harness.problem(refused)?.status == 503)
    await payment.delivered()
    await HoldKeeper(harness.channels).look()
    #expect(try await harness.record(channel).spent.units == 2_000)
    #expect(harness.channels.live.count == 0)
    _ = try Harness.receipt(try await harness.post(channel.close(2_000)))
    #expect(try await harness.record(channel).settled.units == 2_000)
  }

  /// The owner reports while the decision is being written: for it there is nothing left to do, and the write fails.
  @Test(arguments: [true, false])
  func aDecisionTheLedgerRefusesIsMadeUpForThoughItsOwnerHasGone(_ hasBegun: Bool) async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 9_000)
    let payment = try await harness.paid(channel.voucher(2_000))
    if hasBegun { #expect(payment.begin() == nil) }
    try await harness.server.ledger.flush()
    harness.store.failCommit(harness.store.commitCount + 1, .before)
    harness.store.pause()
    let holds = try await harness.record(channel).holds.map(\.id)
    let deciding = Task { try await harness.channels.decide(holds, of: channel.id) }
    while harness.store.pausedCount == 0 { await Task.yield() }
    if hasBegun { await payment.delivered() } else { await payment.failed() }
    #expect(harness.channels.live.count == 0)
    harness.store.resume()
    await #expect(throws: StoreError.self) { try await deciding.value }
    await HoldKeeper(harness.channels).look()
    let record = try await harness.record(channel)
    #expect(record.spent.units == (hasBegun ? 2_000 : 1_000))
    #expect(record.held == .zero)
    #expect(harness.channels.live.count == 0)
  }

  @Test func aForcedCloseWaitsForDeliveriesAShortTimeOnly() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 9_000)
    let payment = try await harness.paid(channel.voucher(2_000))
    #expect(payment.begin() == nil)
    try await harness.payer.sendDirectly(try ChannelReserveABI.requestCloseCalldata(channel.descriptor))
    let before = harness.now
    await harness.method.settlements.sweep()
    #expect(harness.now < before.adding(seconds: 30))
    #expect(try await harness.record(channel).settled.units == 2_000)
    await payment.delivered()
  }

  @Test func aChannelThatIsGoneRefusesWhatHasNotBegun() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 9_000)
    let payment = try await harness.paid(channel.voucher(2_000))
    try await harness.payer.sendDirectly(try ChannelReserveABI.requestCloseCalldata(channel.descriptor))
    harness.devnet.clock.advance(seconds: 901)
    try await harness.payer.sendDirectly(try ChannelReserveABI.withdrawCalldata(channel.descriptor))
    await harness.method.settlements.sweep()
    #expect(try await harness.record(channel).finalized)
    #expect(payment.begin()?.status == 410)
  }
}
