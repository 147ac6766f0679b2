import EVM
import MPPCore
import MPPServer
import MPPTempo
import PeerSupport
import Tempo
import TempoDevnet
import Testing

@testable import MPPTempoServer

@Suite struct CloseAndSettleTests {
  static func failed(_ reason: String) -> String { "Payment verification failed: \(reason)." }

  @Test func closeRules() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 9_000)
    try await harness.deliver(try await harness.get(channel.voucher(5_000)))
    expectRefusal(
      try await harness.post(channel.close(1_999)), .verificationFailed,
      Self.failed("close voucher amount must be >= 2000 (spent)"))
    let foreign = try channel.signature(6_000, by: harness.devnet.accounts[3].privateKey)
    expectRefusal(
      try await harness.post(channel.close(6_000) { $0.signature = foreign }), .invalidSignature,
      "Invalid signature: invalid voucher signature.")
    expectRefusal(
      try await harness.post(channel.close(6_000) { $0.channelID = .zero }), .verificationFailed,
      Self.failed("channel descriptor does not match channelId"))
    let other = try await harness.payer.open(deposit: 5_000, payee: harness.payee)
    expectRefusal(
      try await harness.post(other.close(1_000)), .channelNotFound, "Channel not found: channel not found.")
    #expect(try await harness.record(channel).phase == .open)
    #expect(harness.count(ChannelReserveABI.channelClosed.topic, channel) == 0)
  }

  @Test func closeBelowSettledIsRefused() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 9_000)
    try await harness.deliver(try await harness.get(channel.voucher(2_000)))
    // Somebody with the payee's key settles more than we have delivered.
    let signature = try channel.signature(4_000)
    let payee = Payer(harness.devnet, harness.devnet.accounts[1], seed: 5)
    try await payee.sendDirectly(
      try ChannelReserveABI.settleCalldata(
        channel.descriptor, cumulativeAmount: 4_000, signature: signature))
    expectRefusal(
      try await harness.post(channel.close(3_000)), .verificationFailed,
      Self.failed("close voucher amount must be >= 4000 (on-chain settled)"))
  }

  @Test func aCloseAboveTheDepositCapturesWhatWasDelivered() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 9_000)
    let receipt = try Harness.receipt(try await harness.post(channel.close(20_000)))
    #expect(receipt.acceptedCumulative.units == 20_000)
    #expect(try await harness.record(channel).settled.units == 1_000)
  }

  @Test func aCloseOfAWithdrawnChannel() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 9_000)
    try await harness.payer.sendDirectly(try ChannelReserveABI.requestCloseCalldata(channel.descriptor))
    harness.devnet.clock.advance(seconds: 901)
    try await harness.payer.sendDirectly(try ChannelReserveABI.withdrawCalldata(channel.descriptor))
    expectRefusal(
      try await harness.post(channel.close(2_000)), .channelClosed,
      "Channel closed: channel deposit is zero (settled).")
  }

  @Test func aCloseDuringAForcedCloseIsAccepted() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 9_000)
    try await harness.payer.sendDirectly(try ChannelReserveABI.requestCloseCalldata(channel.descriptor))
    _ = try Harness.receipt(try await harness.post(channel.close(1_000)))
    try await harness.expectAgreement(channel)
  }

  @Test func onlyPayeeOrOperatorMayBeTheSender() async throws {
    await #expect(throws: ConfigurationError.self) {
      try await Harness(options: { $0.recipient = TempoAddress.dex })
    }
    let devnet = try Harness.chain()
    let harness = try await Harness(
      devnet: devnet,
      options: {
        $0.recipient = devnet.accounts[4].address
        $0.operator = devnet.accounts[1].address
      })
    let channel = try await harness.payer.open(
      deposit: 9_000, payee: devnet.accounts[4].address, operator: devnet.accounts[1].address)
    try await harness.deliver(try await harness.get(channel.openPayload(1_000)))
    _ = try Harness.receipt(try await harness.post(channel.close(1_000)))
    try await harness.expectAgreement(channel)
  }

  /// What could not be collected is not sold.
  @Test func anOfferNamesAPayeeThatThisServerCanCollectFor() async throws {
    let other = try Harness.chain().accounts[4].address
    for (recipient, operatorText) in [
      (other.checksummed, nil), (other.checksummed, TempoAddress.dex.checksummed),
      (other.checksummed, Address.zero.checksummed),
    ] {
      await #expect(throws: ConfigurationError.self) {
        try await Harness(offer: { offer in
          offer.recipient = recipient
          if let operatorText {
            offer.options.append(.init(key: "operator", value: .string(operatorText)))
          }
        })
      }
    }
    let devnet = try Harness.chain()
    let harness = try await Harness(
      devnet: devnet,
      offer: { offer in
        offer.recipient = other.checksummed
        offer.options.append(
          .init(key: "operator", value: .string(devnet.accounts[1].address.checksummed)))
      })
    let channel = try await harness.payer.open(
      deposit: 9_000, payee: other, operator: devnet.accounts[1].address)
    try await harness.deliver(try await harness.get(channel.openPayload(1_000)))
    _ = try Harness.receipt(try await harness.post(channel.close(1_000)))
    try await harness.expectAgreement(channel)
  }

  @Test func openHoldsAreDeliveredBeforeTheCapture() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 9_000)
    guard case .proceed(let payment) = try await harness.get(channel.voucher(2_000)) else {
      return #expect(Bool(false))
    }
    let close = Task { try await harness.post(channel.close(3_000)) }
    // The closer waits for the delivery; nothing new is held meanwhile.
    while try await harness.record(channel).phase != .closing { await Task.yield() }
    let refused = try await harness.get(channel.voucher(3_000))
    expectRefusal(refused, .channelClosed, "Channel closed: channel has a pending close request.")
    await payment.delivered()
    _ = try Harness.receipt(try await close.value)
    #expect(try await harness.record(channel).settled.units == 2_000)
  }

  @Test func aHandlerThatNeverAnswersDelaysACloseByItsLeaseAtMost() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 9_000)
    guard case .proceed(let payment) = try await harness.get(channel.voucher(2_000)) else {
      return #expect(Bool(false))
    }
    _ = try Harness.receipt(try await harness.post(channel.close(2_000)))
    await payment.delivered()
    #expect(try await harness.record(channel).settled.units == 1_000)
  }

  // MARK: Settlement

  @Test func settlementNeverCapturesMoreThanSpent() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 90_000)
    try await harness.deliver(try await harness.get(channel.voucher(2_000)))
    // 8000 more are authorized, 1000 of them are delivered: the voucher of 2000 is what may be settled.
    try await harness.deliver(try await harness.get(channel.voucher(10_000)))
    let event = try #require(try await harness.method.settle(channelID: channel.id.hex))
    #expect(event.amount.units == 2_000)
    #expect(harness.devnet.channel(channel.id)?.settled.units == 2_000)
    #expect(try await harness.method.settle(channelID: channel.id.hex) == nil)
    let record = try await harness.record(channel)
    #expect(record.settled.units == 2_000)
    #expect(record.lastSettlement?.spent.units == 3_000)
    _ = try Harness.receipt(try await harness.post(channel.close(10_000)))
    #expect(try await harness.record(channel).settled.units == 3_000)
    try await harness.expectAgreement(channel)
  }

  @Test func theScheduleCountsUnitsAmountAndTime() throws {
    let plan = try SettlementPlan(
      SettlementSchedule(units: 7, amount: "0.25", intervalMilliseconds: 60_000), decimals: 6)
    #expect(plan.amount?.units == 250_000)
    #expect(throws: AmountError.self) {
      try SettlementPlan(SettlementSchedule(amount: "0.0000001"), decimals: 6)
    }
  }

  @Test func aScheduledSettlementRunsBehindTheRequest() async throws {
    let harness = try await Harness(options: { $0.settlement = SettlementSchedule(units: 3) })
    let channel = try await harness.opened(deposit: 90_000)
    try await harness.deliver(try await harness.get(channel.voucher(2_000)))
    await harness.method.settlements.drain()
    #expect(harness.count(ChannelReserveABI.settled.topic, channel) == 0)
    try await harness.deliver(try await harness.get(channel.voucher(3_000)))
    await harness.method.settlements.drain()
    #expect(harness.count(ChannelReserveABI.settled.topic, channel) == 1)
    #expect(await harness.log.first(1).map(\.amount.units) == [3_000])
    #expect(harness.log.all.map(\.trigger) == [.scheduled])
  }

  @Test func fiftyChargesOverTheThresholdSettleOnce() async throws {
    let harness = try await Harness(options: { $0.settlement = SettlementSchedule(amount: "0.02") })
    let channel = try await harness.opened(deposit: 900_000)
    _ = try await harness.post(channel.voucher(51_000))
    let credential = try await harness.credential(channel.voucher(51_000))
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<50 {
        group.addTask {
          if case .proceed(let payment) = await harness.send(credential) { await payment.delivered() }
        }
        group.addTask { await harness.method.settlements.drain() }
      }
    }
    await harness.method.settlements.drain()
    #expect(try await harness.record(channel).spent.units == 51_000)
    #expect(harness.devnet.channel(channel.id)?.settled.units == 51_000)
    #expect(harness.count(ChannelReserveABI.settled.topic, channel) == 1)
  }

  /// Charges go on while settlements are under way: one that waited for another settles again only when it is due by then.
  @Test func risingVouchersAreSettledOnceForEachThreshold() async throws {
    let harness = try await Harness(options: { $0.settlement = SettlementSchedule(amount: "0.02") })
    let channel = try await harness.opened(deposit: 900_000)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        for thousands: UInt128 in 2...101 {
          try await harness.deliver(try await harness.get(channel.voucher(thousands * 1_000)))
        }
      }
      for _ in 0..<8 {
        group.addTask { for _ in 0..<40 { await harness.method.settlements.drain() } }
      }
      try await group.waitForAll()
    }
    await harness.method.settlements.drain()
    #expect(try await harness.record(channel).spent.units == 101_000)
    let settled = harness.count(ChannelReserveABI.settled.topic, channel)
    #expect((1...5).contains(settled))
    #expect(await harness.log.first(settled).allSatisfy { $0.delta.units >= 20_000 })
    try await harness.expectAgreement(channel)
  }

  @Test func anIntervalSettlesWithoutTraffic() async throws {
    let harness = try await Harness(options: {
      $0.settlement = SettlementSchedule(intervalMilliseconds: 60_000)
    })
    let channel = try await harness.opened(deposit: 90_000)
    await harness.method.settlements.sweep()
    #expect(harness.count(ChannelReserveABI.settled.topic, channel) == 0)
    harness.devnet.clock.advance(seconds: 61)
    await harness.method.settlements.sweep()
    #expect(harness.count(ChannelReserveABI.settled.topic, channel) == 1)
  }

  @Test func aFailingSettlementFailsNoRequestAndIsRepeated() async throws {
    let harness = try await Harness(options: { $0.settlement = SettlementSchedule(units: 1) })
    let channel = try await harness.payer.open(deposit: 90_000, payee: harness.payee)
    let outcome = try await harness.get(channel.openPayload(1_000))
    harness.devnet.faults.inject(.method("*"), .refuse, count: nil)
    try await harness.deliver(outcome)
    await harness.method.settlements.drain()
    try await harness.deliver(try await harness.get(channel.voucher(2_000)))
    harness.devnet.faults.clear()
    await harness.method.settlements.drain()
    #expect(harness.devnet.channel(channel.id)?.settled.units == 2_000)
    try await harness.expectAgreement(channel)
  }

  /// A schedule of charges or amounts is kept although nobody pays again, and across a restart.
  @Test(arguments: [SettlementSchedule(units: 1), SettlementSchedule(amount: "0.001")], [false, true])
  func aFailedScheduledSettlementIsRepeatedWithoutTraffic(
    _ schedule: SettlementSchedule, _ isRestarted: Bool
  ) async throws {
    let devnet = try Harness.chain()
    let store = MemoryStoreForRestart()
    let first = try await Harness(devnet: devnet, store: store.open(), options: { $0.settlement = schedule })
    let channel = try await first.payer.open(deposit: 90_000, payee: first.payee)
    let outcome = try await first.get(channel.openPayload(1_000))
    devnet.faults.inject(.method("*"), .refuse, count: nil)
    try await first.deliver(outcome)
    await first.method.settlements.drain()
    devnet.faults.clear()
    try await first.server.ledger.flush()
    let harness =
      isRestarted
      ? try await Harness(devnet: devnet, store: store.open(), seed: 2, options: { $0.settlement = schedule })
      : first
    await harness.method.settlements.sweep()
    #expect(devnet.channel(channel.id)?.settled.units == 1_000)
    await harness.method.settlements.sweep()
    #expect(harness.count(ChannelReserveABI.settled.topic, channel) == 1)
    try await harness.expectAgreement(channel)
  }

  @Test func aRestartWithASettlementPendingSettlesOnce() async throws {
    let devnet = try Harness.chain()
    let store = MemoryStoreForRestart()
    let first = try await Harness(devnet: devnet, store: store.open())
    let channel = try await first.opened(deposit: 90_000)
    try await first.deliver(try await first.get(channel.voucher(2_000)))
    // The transaction is mined, the answer lost, and the process dies before it looks.
    devnet.faults.inject(.broadcast, .loseReply)
    devnet.faults.inject(.method("eth_getTransactionReceipt"), .refuse, count: nil)
    devnet.faults.inject(.method("eth_getBlockByNumber"), .refuse, skip: 1, count: nil)
    await #expect(throws: PaymentProblem.self) { try await first.method.settle(channelID: channel.id.hex) }
    try await first.server.ledger.flush()
    devnet.faults.clear()
    let second = try await Harness(devnet: devnet, store: store.open(), seed: 2)
    try await second.method.reconcile()
    #expect(second.count(ChannelReserveABI.settled.topic, channel) == 1)
    #expect(try await second.record(channel).settled.units == 2_000)
    #expect(try await second.method.settle(channelID: channel.id.hex) == nil)
    try await second.expectAgreement(channel)
    try await second.deliver(try await second.get(channel.voucher(3_000)))
  }

  // MARK: Forced close

  @Test func aForcedCloseIsAnsweredWithWhatWasDelivered() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 90_000)
    _ = try await harness.post(channel.voucher(50_000))
    try await harness.payer.sendDirectly(try ChannelReserveABI.requestCloseCalldata(channel.descriptor))
    await harness.method.settlements.sweep()
    let record = try await harness.record(channel)
    #expect(record.finalized)
    #expect(record.settled.units == 1_000)
    #expect(await harness.log.first(1).map(\.trigger) == [.forcedClose])
    try await harness.expectAgreement(channel)
  }

  @Test func theWatcherTriesAgainUntilItSucceeds() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 90_000)
    try await harness.payer.sendDirectly(try ChannelReserveABI.requestCloseCalldata(channel.descriptor))
    harness.devnet.faults.inject(.broadcast, .refuse, count: nil)
    harness.devnet.faults.inject(.method("eth_getTransactionReceipt"), .refuse, count: nil)
    await harness.method.settlements.sweep()
    #expect(try await harness.record(channel).phase == .closing)
    harness.devnet.faults.clear()
    await harness.method.settlements.sweep()
    try await harness.expectAgreement(channel)
    #expect(harness.count(ChannelReserveABI.channelClosed.topic, channel) == 1)
  }
}

/// Hands the same memory to one server after the other.
final class MemoryStoreForRestart: Sendable {
  private let store = MemoryStore()

  func open() -> MemoryStore { store }
}
