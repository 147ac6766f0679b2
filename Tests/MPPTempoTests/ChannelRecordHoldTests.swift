import MPPCore
import Testing

@testable import MPPTempo

private typealias Fixture = ChannelRecordFixture

@Suite struct ChannelRecordHoldTests {
  private func amount(_ units: Int) -> Amount { Fixture.amount(units) }

  private func fresh() throws -> ChannelRecord {
    try ChannelRecord.applying(.open(Fixture.opening()), to: nil)
  }

  @Test func acceptAndHoldIsOneStep() throws {
    let decision = try fresh().deciding(Fixture.acceptance(150), hold: Fixture.hold(1, 150))
    guard case .held(let hold) = decision.hold else { throw StringError("not held") }
    #expect(hold.amount == amount(150) && decision.voucher == .raised)
    #expect(decision.record.held == amount(150) && decision.record.available == .zero)
    #expect(decision.record.spent == .zero && decision.record.units == 0)
  }

  @Test func aShortHoldStillAcceptsTheVoucher() throws {
    let record = try fresh()
    let decision = try record.deciding(Fixture.acceptance(150), hold: Fixture.hold(1, 151))
    #expect(decision.hold == .short(requested: amount(151), available: amount(150)))
    #expect(decision.voucher == .raised && decision.record.accepted == amount(150))
    #expect(decision.record.holds.isEmpty)
    // As a plain transition it is all or nothing.
    #expect(
      throws: ChannelTransitionError.insufficientBalance(requested: amount(151), available: amount(150))
    ) {
      try record.applying(.acceptAndHold(Fixture.acceptance(150), Fixture.hold(1, 151)))
    }
  }

  @Test func aReplayedVoucherPaysFromHeadroomOnly() throws {
    var record = try fresh()
    var served = 0
    for sequence in 1...50 {
      let decision = try record.deciding(
        Fixture.acceptance(100, comparedWith: 100), hold: Fixture.hold(UInt64(sequence), 30))
      record = decision.record
      if case .held = decision.hold { served += 1 }
    }
    #expect(served == 3 && record.held == amount(90))
  }

  @Test func commitSpendsAndReleaseGivesBack() throws {
    var record = try fresh().applying(.hold(Fixture.hold(1, 30))).applying(.hold(Fixture.hold(2, 30)))
    record = try record.applying(.commit(Fixture.id(1)))
    #expect(record.spent == amount(30) && record.units == 1 && record.held == amount(30))
    record = try record.applying(.release(Fixture.id(2)))
    #expect(record.held == .zero && record.available == amount(70) && record.units == 1)
    #expect(throws: ChannelTransitionError.unknownHold) { try record.applying(.commit(Fixture.id(1))) }
    #expect(throws: ChannelTransitionError.unknownHold) { try record.applying(.commit(Fixture.id(2))) }
    #expect(try record.applying(.release(Fixture.id(2))) == record, "released twice is released")
  }

  @Test func zeroPricesAndEqualNamesAreRefused() throws {
    let record = try fresh().applying(.hold(Fixture.hold(1, 30)))
    #expect(throws: ChannelTransitionError.zeroAmount) { try record.applying(.hold(Fixture.hold(2, 0))) }
    #expect(throws: ChannelTransitionError.duplicateHold) { try record.applying(.hold(Fixture.hold(1, 30))) }
    #expect(try record.applying(.hold(Fixture.hold(1, 30, epoch: 2))).holds.count == 2)
  }

  @Test func holdsStayInOrderWhateverComes() throws {
    var record = try fresh()
    for (epoch, sequence) in [(3, 5), (1, 9), (2, 1), (1, 2), (3, 4), (2, 7)] as [(UInt64, UInt64)] {
      record = try record.applying(.hold(Fixture.hold(sequence, 1, epoch: epoch)))
    }
    #expect(record.holds.map(\.id) == record.holds.map(\.id).sorted())
    record = try record.applying(.releaseAll(exceptEpoch: 2))
    #expect(record.holds.map(\.id.epoch) == [2, 2] && record.held == amount(2))
  }

  @Test func expiredHoldsMakeRoom() throws {
    let record = try fresh().applying(.hold(Fixture.hold(1, 100)))
    func request(_ now: Timestamp) -> HoldRequest {
      HoldRequest(id: Fixture.id(2, epoch: 2), amount: amount(10), now: now, expires: now.adding(seconds: 60))
    }
    #expect(throws: ChannelTransitionError.insufficientBalance(requested: amount(10), available: .zero)) {
      try record.applying(.hold(request(Fixture.later.adding(milliseconds: -1))))
    }
    #expect(try record.applying(.hold(request(Fixture.later))).holds.map(\.id) == [Fixture.id(2, epoch: 2)])
    #expect(try record.applying(.releaseExpired(now: Fixture.later)).held == .zero)
    #expect(try record.applying(.releaseExpired(now: Fixture.now)) == record)
  }

  /// A client that reads slower than the lease would otherwise get each response but the last for nothing.
  @Test func aSlowDeliveryOfTheSameProcessIsStillCharged() throws {
    let record = try fresh().applying(.hold(Fixture.hold(1, 100)))
    let late = Fixture.later.adding(seconds: 3_600)
    let next = HoldRequest(
      id: Fixture.id(2), amount: amount(10), now: late, expires: late.adding(seconds: 60))
    #expect(throws: ChannelTransitionError.insufficientBalance(requested: amount(10), available: .zero)) {
      try record.applying(.hold(next))
    }
    #expect(try record.applying(.commit(Fixture.id(1))).spent == amount(100))
  }

  @Test func holdsAreBounded() throws {
    var record = try ChannelRecord.applying(.open(Fixture.opening(voucher: 1000)), to: nil)
    for sequence in 1...ChannelRecord.holdLimit {
      record = try record.applying(.hold(Fixture.hold(UInt64(sequence), 1)))
    }
    #expect(throws: ChannelTransitionError.tooManyHolds) { try record.applying(.hold(Fixture.hold(9999, 1))) }
  }

  @Test func holdNamesAreUniqueAcrossTasks() async {
    struct Fixed: RandomSource {
      func fill(_ count: Int) -> [UInt8] { [UInt8](repeating: 9, count: count) }
    }
    let sequence = HoldSequence(random: Fixed())
    let names = await withTaskGroup(of: [HoldID].self) { group in
      for _ in 0..<8 { group.addTask { (0..<100).map { _ in sequence.next() } } }
      return await group.reduce(into: Set<HoldID>()) { $0.formUnion($1) }
    }
    #expect(names.count == 800)
  }
}

struct StringError: Error {
  let text: String
  init(_ text: String) { self.text = text }
}
