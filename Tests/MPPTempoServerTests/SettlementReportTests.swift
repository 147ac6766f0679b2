import EVM
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

/// What the application does when it is told of a settlement holds nothing up.
@Suite(.timeLimit(.minutes(1))) struct SettlementReportTests {
  @Test func aReportMaySettleItsOwnChannel() async throws {
    let (box, returned) = (MethodBox(), SettlementLog())
    let harness = try await Harness(options: {
      $0.onSettlement = { event in
        _ = try? await box.method.withLock { $0 }?.settle(channelID: event.channelID.hex)
        returned.add(event)
      }
    })
    box.method.withLock { $0 = harness.method }
    let channel = try await harness.opened(deposit: 9_000)
    _ = try await harness.method.settle(channelID: channel.id.hex)
    #expect(await returned.first(1).map(\.amount.units) == [1_000])
    try await harness.expectAgreement(channel)
    box.method.withLock { $0 = nil }
  }

  @Test func aReportThatNeverReturnsKeepsNoChannelOpen() async throws {
    let (barrier, reports) = (OpeningGateTests.Barrier(), SettlementLog())
    let harness = try await Harness(options: {
      $0.onSettlement = { event in
        reports.add(event)
        try? await barrier.sleep(milliseconds: 0)
      }
    })
    let first = try await harness.opened(deposit: 9_000)
    let second = try await harness.opened(deposit: 9_000)
    _ = try await harness.method.settle(channelID: first.id.hex)
    _ = try await harness.method.settle(channelID: second.id.hex)
    try await harness.deliver(try await harness.get(first.voucher(2_000)))
    try await harness.deliver(try await harness.get(second.voucher(2_000)))
    _ = try Harness.receipt(try await harness.post(first.close(2_000)))
    try await harness.payer.sendDirectly(try ChannelReserveABI.requestCloseCalldata(second.descriptor))
    await harness.method.settlements.sweep()
    #expect(try await harness.record(second).settled.units == 2_000)
    try await harness.expectAgreement(first)
    try await harness.expectAgreement(second)
    #expect(reports.all.count <= 1)
    barrier.open()
    #expect(await reports.first(4).map(\.trigger) == [.settle, .settle, .close, .forcedClose])
  }

  @Test func whicheverWriteFailsTheReportsAddUp() async throws {
    for number in 1... {
      let harness = try await Harness()
      let channel = try await harness.opened(deposit: 9_000)
      let failing = harness.store.commitCount + number
      harness.store.failCommit(failing, .before)
      _ = try? await harness.method.settle(channelID: channel.id.hex)
      if harness.store.commitCount < failing { return #expect(number > 4) }
      await harness.method.settlements.sweep()
      _ = try await harness.method.settle(channelID: channel.id.hex)
      try await harness.deliver(try await harness.get(channel.voucher(2_000)))
      _ = try Harness.receipt(try await harness.post(channel.close(2_000)))
      await harness.method.settlements.sweep()
      try await harness.expectAgreement(channel)
      while harness.log.all.last?.trigger != .close { await Task.yield() }
      #expect(harness.log.all.map(\.delta.units).reduce(0, +) == 2_000, "write \(number)")
    }
  }

  @Test func reportsAreBoundedAndInOrder() async throws {
    let (barrier, seen) = (OpeningGateTests.Barrier(), SettlementLog())
    let logger = try await Harness().channels.logger
    let reports = SettlementReports(capacity: 2, logger: logger) { event in
      seen.add(event)
      try? await barrier.sleep(milliseconds: 0)
    }
    func insert(_ amount: UInt128) {
      reports.insert(
        SettlementEvent(
          channelID: .zero, transactionHash: .zero, trigger: .settle, amount: Amount(units: amount),
          delta: .zero))
    }
    insert(1)
    _ = await seen.first(1)
    for amount: UInt128 in 2...4 { insert(amount) }
    barrier.open()
    _ = await seen.first(3)
    insert(5)
    #expect(await seen.first(4).map(\.amount.units) == [1, 2, 3, 5])
  }

  // MARK: Reconciliation

  /// Holds the first transaction back once it is armed, and then refuses it without the node's having seen it.
  private final class HoldingNode: RPCTransport {
    private let node: DevnetTransport
    private let broadcasts = Mutex<Int?>(nil)
    let barrier = OpeningGateTests.Barrier()

    init(_ devnet: Devnet) { node = DevnetTransport(devnet) }

    func arm() { broadcasts.withLock { $0 = 0 } }
    var count: Int { broadcasts.withLock { $0 ?? 0 } }

    func send(_ body: [UInt8], timeoutMilliseconds: Int64) async throws(RPCTransportError) -> [UInt8] {
      let request = try? JSONValue(parsing: body)
      guard let id = request?["id"], request?["method"]?.nameValue == "eth_sendRawTransaction" else {
        return try await node.send(body, timeoutMilliseconds: timeoutMilliseconds)
      }
      let number: Int? = broadcasts.withLock { count in
        defer { if let made = count { count = made + 1 } }
        return count
      }
      guard number == 0 else { return try await node.send(body, timeoutMilliseconds: timeoutMilliseconds) }
      try? await barrier.sleep(milliseconds: 0)
      let error: JSONValue = ["code": .integer(-32_003), "message": "insufficient funds"]
      return Array((["jsonrpc": "2.0", "id": id, "error": error] as JSONValue).serialized().utf8)
    }
  }

  /// A look that has waited for its turn does not go on with what it had read before.
  @Test func aCloseThatWasRefusedMeanwhileIsNotSentAgain() async throws {
    let devnet = try Harness.chain()
    let node = HoldingNode(devnet)
    let harness = try await Harness(devnet: devnet, options: { $0.transport = node })
    let channel = try await harness.opened(deposit: 9_000)
    node.arm()
    let close = Task { try await harness.post(channel.close(1_000)) }
    while node.count == 0 { await Task.yield() }
    let sweep = Task { await harness.method.settlements.sweep() }
    while harness.channels.lane.waiting(for: channel.id) == 0 { await Task.yield() }
    node.barrier.open()
    #expect(Harness.problem(try await close.value)?.status == 402)
    await sweep.value
    #expect(node.count == 1)
    #expect(try await harness.record(channel).phase == .open)
    try await harness.deliver(try await harness.get(channel.voucher(2_000)))
    try await harness.expectAgreement(channel)
  }

  // MARK: The schedule

  /// One more price paid for and delivered.
  private static func delivered(_ record: ChannelRecord, _ sequence: UInt64) throws -> ChannelRecord {
    let voucher = SignedVoucher(
      channelID: record.channelID, cumulativeAmount: Amount(units: record.accepted.units + 1_000),
      signature: [1])
    let id = HoldID(epoch: 1, sequence: sequence)
    let hold = HoldRequest(
      id: id, amount: Harness.price, now: record.createdAt, expires: record.createdAt.adding(seconds: 60))
    return try record.applying(
      .acceptAndHold(VoucherAcceptance(voucher: voucher, comparedWith: record.accepted), hold)
    ).applying(.commit(id))
  }

  @Test func aClockThatWasAheadOnceSettlesWithoutEndNeitherNowNorNever() async throws {
    let harness = try await Harness()
    var record = try await harness.record(try await harness.opened(deposit: 9_000))
    let now = harness.now
    func settled(at time: Timestamp) throws -> ChannelRecord {
      try record.applying(
        .settled(
          total: record.spent,
          mark: SettlementMark(at: time, spent: record.spent, units: record.units),
          block: record.observedBlock))
    }
    record = try Self.delivered(try settled(at: now.adding(seconds: 3_600)), 1)
    let interval = try SettlementPlan(SettlementSchedule(intervalMilliseconds: 60_000), decimals: 6)
    #expect(interval.isDue(record, now: now))
    #expect(!interval.isDue(record, now: now.adding(seconds: 3_541)))
    record = try settled(at: now)
    #expect(record.lastSettlement?.units == 2)
    #expect(record.lastSettlement?.at == now)
    record = try Self.delivered(record, 2)
    let units = try SettlementPlan(SettlementSchedule(units: 2), decimals: 6)
    #expect(!units.isDue(record, now: now))
    #expect(!interval.isDue(record, now: now.adding(seconds: 59)))
    #expect(interval.isDue(record, now: now.adding(seconds: 60)))
  }
}
