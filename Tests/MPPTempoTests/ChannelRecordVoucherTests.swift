import EVM
import MPPCore
import Tempo
import Testing

@testable import MPPTempo

private typealias Fixture = ChannelRecordFixture

@Suite struct ChannelRecordVoucherTests {
  private func amount(_ units: Int) -> Amount { Fixture.amount(units) }

  private func fresh() throws -> ChannelRecord {
    try ChannelRecord.applying(.open(Fixture.opening()), to: nil)
  }

  @Test func openingStartsWithItsVoucherAndNothingSpent() throws {
    let record = try fresh()
    #expect(record.accepted == amount(100) && record.spent == .zero && record.units == 0)
    #expect(record.available == amount(100) && record.createdAt == Fixture.now)
  }

  @Test func openingIsRefusedWhenTheChainDoesNotCarryIt() throws {
    func open(_ opening: ChannelOpening) throws { _ = try ChannelRecord.applying(.open(opening), to: nil) }
    #expect(throws: ChannelTransitionError.notFunded) {
      try open(Fixture.opening(observation: Fixture.observation(deposit: 0)))
    }
    #expect(throws: ChannelTransitionError.closeRequested) {
      try open(Fixture.opening(observation: Fixture.observation(closing: 1)))
    }
    #expect(throws: ChannelTransitionError.exceedsDeposit(amount: amount(1001), deposit: amount(1000))) {
      try open(Fixture.opening(voucher: 1001))
    }
    #expect(throws: ChannelTransitionError.belowSettled(amount: amount(10), settled: amount(11))) {
      try open(Fixture.opening(voucher: 10, observation: Fixture.observation(settled: 11)))
    }
    let opening = Fixture.opening()
    #expect(throws: ChannelTransitionError.foreignChannel) {
      try open(
        ChannelOpening(
          channelID: .zero, chainID: opening.chainID, escrow: opening.escrow,
          descriptor: opening.descriptor, observation: opening.observation, voucher: opening.voucher,
          now: opening.now))
    }
    #expect(throws: ChannelTransitionError.foreignChannel) {
      try open(
        ChannelOpening(
          channelID: opening.channelID, chainID: 1, escrow: opening.escrow,
          descriptor: opening.descriptor, observation: opening.observation, voucher: opening.voucher,
          now: opening.now))
    }
  }

  @Test func reopeningKeepsWhatWasDelivered() throws {
    let record = try Fixture.record()
    for units in [50, 100, 200] {
      let again = try record.applying(.open(Fixture.opening(voucher: units)))
      #expect(again.spent == record.spent && again.units == record.units && again.held == record.held)
      #expect(again.createdAt == record.createdAt)
      #expect(again.accepted == amount(max(units, 100)))
    }
    #expect(throws: ChannelTransitionError.foreignChannel) {
      try record.applying(
        .open(
          ChannelOpening(
            channelID: Fixture.channelID, chainID: 1, escrow: Fixture.escrow,
            descriptor: Fixture.descriptor, observation: Fixture.observation(),
            voucher: Fixture.voucher(100), now: Fixture.now)))
    }
  }

  @Test func aHigherVoucherRaisesAndARepeatedOneChangesNothing() throws {
    let record = try fresh()
    let raised = try record.deciding(Fixture.acceptance(150), hold: nil)
    #expect(raised.voucher == .raised && raised.record.accepted == amount(150))
    let repeated = try raised.record.deciding(Fixture.acceptance(150), hold: nil)
    #expect(repeated.voucher == .repeated && repeated.record == raised.record)
  }

  @Test func findingU4LowerVouchers() throws {
    var record = try fresh()
    for units in [110, 120, 130] { record = try record.applying(.acceptVoucher(Fixture.acceptance(units))) }
    // Accepted before, sent again: success at the current highest.
    let replayed = try record.deciding(Fixture.acceptance(110, comparedWith: 130), hold: nil)
    #expect(replayed.voucher == .repeated && replayed.record == record)
    // The same amount with another signature is not the voucher we accepted.
    #expect(throws: ChannelTransitionError.belowAccepted(amount: amount(110), accepted: amount(130))) {
      try record.deciding(Fixture.acceptance(110, signature: 8, comparedWith: 130), hold: nil)
    }
    // Never seen and below: refused.
    #expect(throws: ChannelTransitionError.belowAccepted(amount: amount(115), accepted: amount(130))) {
      try record.deciding(Fixture.acceptance(115, comparedWith: 130), hold: nil)
    }
    // Not below what it was compared with before the lock: it lost a race.
    let raced = try record.deciding(Fixture.acceptance(115, comparedWith: 110), hold: nil)
    #expect(raced.voucher == .superseded && raced.record == record)
    // Settled: refused, even when accepted before.
    let settled = try record.applying(
      .settled(
        total: amount(110), mark: SettlementMark(at: Fixture.now, spent: .zero, units: 0), block: 20))
    #expect(throws: ChannelTransitionError.belowSettled(amount: amount(110), settled: amount(110))) {
      try settled.deciding(Fixture.acceptance(110, comparedWith: 130), hold: nil)
    }
  }

  @Test func boundsOfAVoucher() throws {
    let record = try fresh()
    #expect(throws: ChannelTransitionError.exceedsDeposit(amount: amount(1001), deposit: amount(1000))) {
      try record.applying(.acceptVoucher(Fixture.acceptance(1001)))
    }
    #expect(try record.applying(.acceptVoucher(Fixture.acceptance(1000))).accepted == amount(1000))
    #expect(throws: ChannelTransitionError.deltaTooSmall(delta: amount(9), minimum: amount(10))) {
      try record.applying(.acceptVoucher(Fixture.acceptance(109, minimumDelta: 10)))
    }
    #expect(
      try record.applying(.acceptVoucher(Fixture.acceptance(110, minimumDelta: 10))).accepted == amount(110))
    for length in [0, SignedVoucher.maximumSignatureLength + 1] {
      let voucher = SignedVoucher(
        channelID: Fixture.channelID, cumulativeAmount: amount(200),
        signature: [UInt8](repeating: 1, count: length))
      #expect(throws: ChannelTransitionError.malformedSignature) {
        try record.applying(.acceptVoucher(VoucherAcceptance(voucher: voucher, comparedWith: .zero)))
      }
    }
    let foreign = SignedVoucher(channelID: .zero, cumulativeAmount: amount(200), signature: [1])
    #expect(throws: ChannelTransitionError.foreignChannel) {
      try record.applying(.acceptVoucher(VoucherAcceptance(voucher: foreign, comparedWith: .zero)))
    }
  }

  @Test func minimumDeltaIsCheckedAgainstTheRecordNotTheSnapshot() throws {
    // W41: highest 100, delta 10, concurrent 110 and 115: never both raise the record.
    for order in [[110, 115], [115, 110]] {
      var record = try fresh()
      var raised = 0
      for units in order {
        let decision = Result {
          try record.deciding(
            Fixture.acceptance(units, minimumDelta: 10, comparedWith: 100), hold: nil)
        }
        guard case .success(let decision) = decision else { continue }
        record = decision.record
        if decision.voucher == .raised { raised += 1 }
      }
      #expect(raised == 1)
    }
  }

  @Test func theHistoryKeepsEightAndNeverDropsTheSettleableOne() throws {
    var record = try fresh()
    record = try record.applying(.hold(Fixture.hold(1, 100))).applying(.commit(Fixture.id(1)))
    for step in 1...30 {
      record = try record.applying(.acceptVoucher(Fixture.acceptance(100 + step)))
      #expect(record.history.count <= ChannelRecord.historyLimit)
      #expect(record.settleableVoucher == Fixture.voucher(100))
    }
    // Delivery catches up in the middle of the history: the largest covered one is settleable.
    record = try record.applying(.hold(Fixture.hold(2, 27))).applying(.commit(Fixture.id(2)))
    #expect(record.settleableVoucher == Fixture.voucher(127))
    for step in 31...60 {
      record = try record.applying(.acceptVoucher(Fixture.acceptance(100 + step)))
      #expect(record.settleableVoucher == Fixture.voucher(127))
    }
    #expect(record.history.last == Fixture.voucher(160))
  }

  @Test func settlementNeverTakesMoreThanWasDelivered() throws {
    // W37: authorization 100, delivered 60: nothing to settle until a voucher is covered.
    var record = try fresh()
    record = try record.applying(.hold(Fixture.hold(1, 60))).applying(.commit(Fixture.id(1)))
    #expect(record.settleableVoucher == nil)
    record = try record.applying(.hold(Fixture.hold(2, 40))).applying(.commit(Fixture.id(2)))
    #expect(record.settleableVoucher == Fixture.voucher(100))
    let mark = SettlementMark(at: Fixture.now, spent: amount(100), units: 2)
    record = try record.applying(.settled(total: amount(100), mark: mark, block: 11))
    #expect(record.settleableVoucher == nil && record.lastSettlement == mark)
    #expect(throws: ChannelTransitionError.contradiction) {
      try record.applying(.settled(total: amount(1001), mark: mark, block: 12))
    }
  }

  @Test func settlementMarksAreThoseOfTheSending() throws {
    // W38: charges during the settlement are not counted as settled; an older mark does not replace a newer one.
    var record = try fresh()
    record = try record.applying(.hold(Fixture.hold(1, 100))).applying(.commit(Fixture.id(1)))
    let early = SettlementMark(at: Fixture.now, spent: amount(40), units: 0)
    let late = SettlementMark(at: Fixture.later, spent: amount(90), units: 1)
    record = try record.applying(.settled(total: amount(100), mark: late, block: 12))
    record = try record.applying(.settled(total: amount(100), mark: early, block: 11))
    #expect(record.lastSettlement == late && record.observedBlock == 12)
  }
}
