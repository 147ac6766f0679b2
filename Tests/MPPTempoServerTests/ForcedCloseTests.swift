import EVM
import HTTPTypes
import MPPCore
import MPPServer
import MPPTempo
import MPPTesting
import PeerSupport
import Synchronization
import Tempo
import TempoDevnet
import TempoRPC
import Testing

@testable import MPPTempoServer

/// A payer who has asked for its deposit cannot keep the server from taking its share first.
@Suite(.timeLimit(.minutes(1))) struct ForcedCloseTests {
  private static func requestClose(_ harness: Harness, _ channel: OpenChannel) async throws {
    try await harness.payer.sendDirectly(try ChannelReserveABI.requestCloseCalldata(channel.descriptor))
  }

  // MARK: The lane

  @Test func aFullLaneDoesNotKeepAForcedCloseOut() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 9_000)
    let gate = OpeningGateTests.Barrier()
    let (channels, lane, id) = (harness.channels, harness.channels.lane, channel.id)
    let inside = Task { try await lane.run(id) { try await gate.sleep(milliseconds: 0) } }
    while (try await lane.runIfFree(id, { true })) != nil { await Task.yield() }
    let waiting = (0..<256).map { _ in
      Task { try await channels.exclusively(id) { try await channels.load(id)?.finalized } }
    }
    while lane.waiting(for: id) < 256 { await Task.yield() }
    await #expect(throws: PaymentProblem.self) { try await channels.exclusively(id) {} }
    try await Self.requestClose(harness, channel)
    let sweep = Task { await harness.method.settlements.sweep() }
    while lane.waiting(for: id) < 257 { await Task.yield() }
    gate.open()
    await sweep.value
    try await inside.value
    for task in waiting { #expect(try await task.value == true) }
    #expect(try await harness.record(channel).settled.units == 1_000)
    try await harness.expectAgreement(channel)
  }

  @Test func aTopUpOfAChannelThatIsBeingClosedWaitsForNothing() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 9_000)
    // One that is on record is looked at by nobody before its turn.
    let topUp = try await harness.payer.topUp(channel, 1_000)
    _ = try Harness.receipt(try await harness.post(topUp))
    try await Self.requestClose(harness, channel)
    harness.devnet.clock.advance(seconds: 6)
    _ = try await harness.get(channel.voucher(2_000))
    #expect(try await harness.record(channel).phase == .forced)
    let outcome = try await harness.channels.lane.run(channel.id) { try await harness.post(topUp) }
    expectRefusal(outcome, .channelClosed, "Channel closed: channel has a pending close request.")
    // One that was taken back is seen.
    try await harness.payer.sendDirectly(
      try ChannelReserveABI.topUpCalldata(channel.descriptor, additionalDeposit: 10))
    harness.devnet.clock.advance(seconds: 6)
    _ = try Harness.receipt(try await harness.post(topUp))
    try await harness.expectAgreement(channel)
  }

  // MARK: The disk

  @Test func aRecordThatCannotBeReadHidesNoOther() async throws {
    let store = MemoryStore()
    let first = try await Harness(store: store)
    let channels = [try await first.opened(deposit: 9_000), try await first.opened(deposit: 9_000)]
    for channel in channels { try await Self.requestClose(first, channel) }
    for (unreadable, victim) in [(0, 1), (1, 0)] {
      let faulty = FaultStore(store)
      faulty.failLoads(of: ChannelRecord.key(channels[unreadable].id))
      let harness = try await Harness(devnet: first.devnet, store: faulty, seed: UInt64(unreadable + 2))
      try await harness.method.start()
      await harness.method.settlements.sweepForcedCloses()
      #expect(try await harness.record(channels[victim]).settled.units == 1_000)
    }
  }

  // MARK: The node

  @Test func vouchersAboveTheDepositLeaveTheNodeToForcedCloses() async throws {
    let harness = try await Harness(options: {
      $0.limits.inFlight = 4
      $0.limits.waiting = 4
    })
    let channel = try await harness.opened(deposit: 9_000)
    let victim = try await harness.opened(deposit: 9_000)
    try await Self.requestClose(harness, victim)
    let credential = try await harness.credential(channel.voucher(9_001))
    let before = harness.devnet.requestCount("eth_blockNumber")
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<400 {
        group.addTask {
          let outcome = await harness.send(credential)
          #expect(Harness.problem(outcome)?.code == .amountExceedsDeposit, "\(Harness.text(outcome))")
        }
      }
      group.addTask { await harness.method.settlements.sweep() }
    }
    // Two for the vouchers, the others for the sweep.
    #expect(harness.devnet.requestCount("eth_blockNumber") <= before + 2 + 6)
    #expect(try await harness.record(victim).settled.units == 1_000)
  }

  @Test func closesThatAreRefusedLeaveTheNodeToForcedCloses() async throws {
    let harness = try await Harness(options: {
      $0.limits.inFlight = 4
      $0.limits.waiting = 4
    })
    let channel = try await harness.opened(deposit: 9_000)
    let victim = try await harness.opened(deposit: 9_000)
    try await Self.requestClose(harness, victim)
    let credential = try await harness.credential(channel.close(500))
    let before = harness.devnet.requestCount("eth_blockNumber")
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<400 {
        group.addTask {
          let outcome = await harness.send(credential, method: .post)
          #expect(Harness.problem(outcome)?.status == 402, "\(Harness.text(outcome))")
        }
      }
      group.addTask { await harness.method.settlements.sweep() }
    }
    // None for the closes.
    #expect(harness.devnet.requestCount("eth_blockNumber") <= before + 6)
    #expect(try await harness.record(victim).settled.units == 1_000)
  }

  @Test func copiesOfACloseThatWaitsLeaveTheNodeToForcedCloses() async throws {
    let harness = try await Harness(options: {
      $0.limits.inFlight = 4
      $0.limits.waiting = 4
      $0.holdLease = 3_600_000
    })
    let channel = try await harness.opened(deposit: 9_000)
    let victim = try await harness.opened(deposit: 9_000)
    let payment = try await harness.paid(channel.voucher(2_000))
    #expect(payment.begin() == nil)
    harness.sleeper.isFrozen.withLock { $0 = true }
    let credential = try await harness.credential(channel.close(2_000))
    let before = harness.devnet.requestCount("eth_blockNumber")
    let close = Task { await harness.send(credential, method: .post) }
    while try await harness.record(channel).phase != .closing { await Task.yield() }
    let copies = (0..<400).map { _ in Task { await harness.send(credential, method: .post) } }
    while harness.channels.lane.waiting(for: channel.id) < 256 { await Task.yield() }
    #expect(harness.devnet.requestCount("eth_blockNumber") <= before + 2)
    try await Self.requestClose(harness, victim)
    let sweep = Task { await harness.method.settlements.sweepForcedCloses() }
    while try await !harness.record(victim).finalized { await Task.yield() }
    harness.sleeper.isFrozen.withLock { $0 = false }
    await payment.delivered()
    _ = try Harness.receipt(await close.value)
    for copy in copies { _ = await copy.value }
    await sweep.value
    #expect(try await harness.record(channel).settled.units == 2_000)
    #expect(try await harness.record(victim).settled.units == 1_000)
  }

  @Test func aDepositThatCannotBeReadIsAskedForOnceASecond() async throws {
    let harness = try await Harness(options: { $0.limits.attempts = 1 })
    let channel = try await harness.opened(deposit: 2_000)
    let credential = try await harness.credential(channel.voucher(3_000))
    let rule = harness.devnet.faults.inject(.method("*"), .refuse, count: nil)
    for _ in 0..<9 { #expect(Harness.problem(await harness.send(credential))?.status == 503) }
    #expect(harness.devnet.faults.timesFired(rule) == 1)
    harness.devnet.faults.clear()
    try await harness.payer.sendDirectly(
      try ChannelReserveABI.topUpCalldata(channel.descriptor, additionalDeposit: 5_000))
    harness.devnet.clock.advance(seconds: 1)
    try await harness.deliver(await harness.send(credential))
  }

  @Test func aVoucherForAChannelThatIsBeingClosedCausesNoRead() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 9_000)
    try await Self.requestClose(harness, channel)
    harness.devnet.clock.advance(seconds: 6)
    _ = try await harness.get(channel.voucher(2_000))
    let before = harness.devnet.requestCount("eth_blockNumber")
    for _ in 0..<3 {
      expectRefusal(
        try await harness.get(channel.voucher(9_001)), .channelClosed,
        "Channel closed: channel has a pending close request.")
    }
    #expect(harness.devnet.requestCount("eth_blockNumber") == before)
  }

  // MARK: The watch

  /// The order in which the watch sees channels that owe something.
  private static func inOrder(_ harness: Harness, _ channels: [OpenChannel]) async throws -> [OpenChannel] {
    try await harness.server.ledger.flush()
    return try await harness.channels.table.scan(slot: ChannelRecord.owedSlot).compactMap { entry in
      channels.first { ChannelRecord.key($0.id) == entry.key }
    }
  }

  @Test func aCloseThatWaitsForADeliveryDelaysNoForcedClose() async throws {
    let harness = try await Harness()
    let unordered = [try await harness.opened(deposit: 9_000), try await harness.opened(deposit: 9_000)]
    let ordered = try await Self.inOrder(harness, unordered)
    let (first, last) = (ordered[0], ordered[1])
    let payment = try await harness.paid(first.voucher(2_000))
    harness.sleeper.isFrozen.withLock { $0 = true }
    let close = Task { try await harness.post(first.close(2_000)) }
    while try await harness.record(first).phase != .closing { await Task.yield() }
    try await Self.requestClose(harness, last)
    let watch = SettlementService(harness.channels, nil, SettlementQueue(), page: 1)
    let sweep = Task { await watch.sweepForcedCloses() }
    while try await !harness.record(last).finalized { await Task.yield() }
    #expect(try await harness.record(first).phase == .closing)
    harness.sleeper.isFrozen.withLock { $0 = false }
    await payment.delivered()
    _ = try Harness.receipt(try await close.value)
    await sweep.value
    #expect(try await harness.record(first).settled.units == 2_000)
    try await harness.expectAgreement(last)
  }

  /// Looking goes on while closes are under way, and none of them is begun twice.
  @Test func theWatchGoesOnLookingWhileItCloses() async throws {
    let harness = try await Harness(options: { $0.sweepInterval = 1 })
    let slow = try await harness.opened(deposit: 9_000)
    let other = try await harness.opened(deposit: 9_000)
    let payment = try await harness.paid(slow.voucher(2_000))
    #expect(payment.begin() == nil)
    harness.sleeper.isFrozen.withLock { $0 = true }
    try await Self.requestClose(harness, slow)
    let watch = Task { await harness.method.settlements.watchForcedCloses() }
    while try await harness.record(slow).phase != .closing { await Task.yield() }
    try await Self.requestClose(harness, other)
    while try await !harness.record(other).finalized { await Task.yield() }
    #expect(harness.channels.lane.waiting(for: slow.id) == 0)
    await payment.delivered()
    // The look may see that the channel is gone before the close has written what it captured.
    while try await harness.record(slow).settled.units != 2_000 { await Task.yield() }
    while try await !harness.channels.intents.pending(limit: 9).isEmpty { await Task.yield() }
    watch.cancel()
    await watch.value
    try await harness.expectAgreement(slow)
  }

  // MARK: Damaged records

  /// Makes a stored record unreadable, as a disk might.
  private static func damage(_ key: RecordKey, _ store: any LedgerStore) async throws {
    let stored = try #require(try await store.load([key]).first ?? nil)
    _ = try await store.commit([
      Write(
        key: key, expected: stored.version, version: stored.version + 1, body: [0xff, 1, 2], indexValues: nil)
    ])
  }

  @Test func aChannelThatCannotBeReadHidesNoOther() async throws {
    let devnet = try Harness.chain()
    let store = MemoryStoreForRestart()
    let first = try await Harness(devnet: devnet, store: store.open())
    var channels: [OpenChannel] = []
    for _ in 0..<5 { channels.append(try await first.opened(deposit: 9_000)) }
    for channel in channels { try await Self.requestClose(first, channel) }
    let ordered = try await Self.inOrder(first, channels)
    for channel in [ordered[0], ordered[2]] {
      try await Self.damage(ChannelRecord.key(channel.id), store.open())
    }
    let second = try await Harness(devnet: devnet, store: store.open(), seed: 2)
    try await second.method.start()
    try await second.method.reconcile()
    let watch = SettlementService(second.channels, nil, SettlementQueue(), page: 2)
    await watch.sweep()
    for channel in [ordered[1], ordered[3], ordered[4]] {
      #expect(try await second.record(channel).settled.units == 1_000)
    }
    await #expect(throws: StoreError.self) { try await second.record(ordered[0]) }
  }

  @Test func aChainActionThatCannotBeReadStopsNoServer() async throws {
    let devnet = try Harness.chain()
    let store = MemoryStoreForRestart()
    let first = try await Harness(devnet: devnet, store: store.open())
    let channels = [try await first.opened(deposit: 9_000), try await first.opened(deposit: 9_000)]
    // Time stands still: what is lost cannot be known to be.
    first.sleeper.isFrozen.withLock { $0 = true }
    devnet.faults.inject(.broadcast, .drop, count: nil)
    for channel in channels {
      await #expect(throws: PaymentProblem.self) { try await first.method.settle(channelID: channel.id.hex) }
    }
    try await first.server.ledger.flush()
    devnet.faults.clear()
    let pending = try await first.channels.intents.pending(limit: 9)
    try #require(pending.count == 2)
    try await Self.damage(IntentRecord.key(pending[0].identity), store.open())
    let second = try await Harness(devnet: devnet, store: store.open(), seed: 2)
    try await second.method.start()
    try await second.method.reconcile()
    #expect(try await second.channels.intents.pending(limit: 1).map(\.identity) == [pending[1].identity])
    devnet.clock.advance(seconds: 3_600)
    await second.method.settlements.sweep()
    #expect(try await second.channels.intents.pending(limit: 9).isEmpty)
    // Nor does it keep the ended ones in the ledger.
    devnet.clock.advance(seconds: 8 * 86_400)
    await second.method.settlements.sweep()
    let rows = try await store.open().scan(.all(RecordKind.chainIntent), .all, after: nil, limit: 99)
    #expect(rows.map(\.key) == [IntentRecord.key(pending[0].identity)])
  }
}
