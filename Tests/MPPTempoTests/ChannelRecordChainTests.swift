import MPPCore
import Testing

@testable import MPPTempo

private typealias Fixture = ChannelRecordFixture

@Suite struct ChannelRecordChainTests {
  private func amount(_ units: Int) -> Amount { Fixture.amount(units) }

  private func merged(_ record: ChannelRecord, _ observation: ChannelObservation) throws -> ChannelRecord {
    try record.applying(.mergeChainState(observation))
  }

  @Test func olderBlocksAreIgnored() throws {
    let record = try merged(Fixture.record(), Fixture.observation(deposit: 2000, settled: 10, block: 30))
    for observation in [
      Fixture.observation(deposit: 1000, closing: 7, block: 29), Fixture.observation(deposit: 0, block: 29),
    ] { #expect(try merged(record, observation) == record) }
  }

  @Test func depositAndSettledOnlyRise() throws {
    let record = try merged(
      Fixture.record(), Fixture.observation(deposit: 2000, settled: 10, block: 30))
    let next = try merged(record, Fixture.observation(deposit: 1500, settled: 5, block: 31))
    #expect(next.deposit == amount(2000) && next.settled == amount(10) && next.observedBlock == 31)
  }

  @Test func aCancelledCloseRequestOpensTheChannelAgain() throws {
    // W31: request, seen, topped up on the chain: vouchers and a close work again.
    let forced = try Fixture.record(.forced)
    #expect(throws: ChannelTransitionError.closeRequested) {
      try forced.applying(.acceptVoucher(Fixture.acceptance(120)))
    }
    let open = try merged(forced, Fixture.observation(deposit: 1500, block: 12))
    #expect(try open.applying(.acceptVoucher(Fixture.acceptance(1200))).accepted == amount(1200))
    #expect(try open.applying(.beginClose(Fixture.attempt())).phase == .closing)
  }

  @Test func aGoneChannelIsFinalWithItsLoss() throws {
    // W53. Delivered 30, settled 10: 20 are lost. Authorization beyond delivery was never ours.
    let record = try merged(Fixture.record(), Fixture.observation(settled: 10, block: 11))
    for lost in [
      try merged(record, Fixture.observation(deposit: 0, block: 12)),
      try record.applying(.withdrawn(block: 12)),
    ] {
      #expect(lost.phase == .finalized && lost.loss == amount(20) && lost.held == .zero)
      #expect(lost.spent == amount(30) && lost.settled == amount(10))
      // A close seen late corrects it.
      let corrected = try lost.applying(.closed(captured: amount(30), voucher: nil, block: 12))
      #expect(corrected.loss == .zero && corrected.settled == amount(30))
    }
  }

  @Test func closingWaitsForDeliveriesUnderWay() throws {
    let closing = try Fixture.record().applying(.beginClose(Fixture.attempt(100)))
    #expect(closing.captureAmount == nil, "20 are being delivered")
    #expect(throws: ChannelTransitionError.closing) { try closing.applying(.hold(Fixture.hold(3, 1))) }
    #expect(try closing.applying(.commit(Fixture.id(2))).captureAmount == amount(50))
    #expect(try closing.applying(.release(Fixture.id(2))).captureAmount == amount(30))
    #expect(try Fixture.record().captureAmount == nil, "nothing to capture before a close has begun")
  }

  @Test func aCloseVoucherMustCoverWhatWasDelivered() throws {
    let record = try Fixture.record()
    #expect(throws: ChannelTransitionError.belowCapture(amount: amount(29), capture: amount(30))) {
      try record.applying(.beginClose(Fixture.attempt(29)))
    }
    // A voucher below the highest is good enough for the client, but the highest is used.
    #expect(try record.applying(.beginClose(Fixture.attempt(30))).closing?.voucher == Fixture.voucher(100))
    // A voucher above the deposit is allowed: what is captured is bounded, not the voucher.
    #expect(try record.applying(.beginClose(Fixture.attempt(5000))).closing?.voucher == Fixture.voucher(5000))
  }

  @Test func onlyTheOwnerEndsAnAttempt() throws {
    // W19.
    let closing = try Fixture.record(.closing)
    #expect(throws: ChannelTransitionError.notCloser) { try closing.applying(.abortClose(owner: 6)) }
    #expect(throws: ChannelTransitionError.closing) {
      try closing.applying(.beginClose(Fixture.attempt(owner: 6)))
    }
    let taken = try closing.applying(
      .beginClose(Fixture.attempt(owner: 6, now: Fixture.now.adding(seconds: 30))))
    #expect(taken.closing?.owner == 6)
    #expect(throws: ChannelTransitionError.notCloser) { try taken.applying(.abortClose(owner: 5)) }
    #expect(try taken.applying(.abortClose(owner: 6)).phase == .open)
  }

  @Test func anExpiredLeaseStillKeepsContentOut() throws {
    let closing = try Fixture.record(.closing)
    let late = HoldRequest(
      id: Fixture.id(9), amount: amount(1), now: Fixture.now.adding(seconds: 9999),
      expires: Fixture.now.adding(seconds: 99999))
    #expect(throws: ChannelTransitionError.closing) { try closing.applying(.hold(late)) }
  }

  @Test func aForcedChannelGoesBackToForcedWhenItsCloseFails() throws {
    let forced = try Fixture.record(.forced)
    let closing = try forced.applying(.beginClose(Fixture.attempt()))
    #expect(closing.phase == .closing)
    #expect(try closing.applying(.abortClose(owner: 5)).phase == .forced)
  }

  @Test func aConfirmedCloseIsFinal() throws {
    let record = try Fixture.record(.closing).applying(.commit(Fixture.id(2)))
    let closed = try record.applying(
      .closed(captured: amount(50), voucher: Fixture.voucher(150), block: 12))
    #expect(closed.finalized && closed.settled == amount(50) && closed.loss == .zero)
    #expect(closed.deposit == .zero && closed.accepted == amount(150) && closed.closing == nil)
    #expect(
      try closed.applying(.closed(captured: amount(50), voucher: Fixture.voucher(150), block: 12)) == closed)
    #expect(throws: ChannelTransitionError.contradiction) {
      try record.applying(.closed(captured: amount(1001), voucher: nil, block: 12))
    }
  }
}
