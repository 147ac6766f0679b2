import EVM
import MPPCore
import Testing

@testable import MPPTempo

private typealias Fixture = ChannelRecordFixture

/// Each rule broken on purpose: it is noticed after loading, before a transition and before writing.
@Suite struct ChannelRecordInvariantTests {
  struct Break: Sendable, CustomTestStringConvertible {
    let violation: ChannelInvariantViolation
    let phase: ChannelPhase
    let name: String
    let apply: @Sendable (inout ChannelRecord) -> Void
    var testDescription: String { name }
  }

  private static func amount(_ units: Int) -> Amount { Fixture.amount(units) }

  static let breaks: [Break] = [
    Break(violation: .amountRange, phase: .open, name: "deposit above uint96") {
      $0.deposit = Amount(units: Amount.maxUInt96.units + 1)
    },
    Break(violation: .overspent, phase: .open, name: "spent above accepted") { $0.spent = amount(81) },
    Break(violation: .overdrawn, phase: .open, name: "accepted above deposit") { $0.deposit = amount(99) },
    Break(violation: .oversettled, phase: .open, name: "settled above deposit") { $0.settled = amount(1001) },
    Break(violation: .holds, phase: .open, name: "held is not the sum") { $0.held = amount(19) },
    Break(violation: .holds, phase: .open, name: "a hold of nothing") {
      $0.holds[0] = Hold(id: $0.holds[0].id, amount: .zero, expires: Fixture.now)
    },
    Break(violation: .holds, phase: .open, name: "equal hold names") {
      $0.holds.append($0.holds[0])
      $0.held = amount(40)
    },
    Break(violation: .history, phase: .open, name: "falling vouchers") {
      $0.history.insert(Fixture.voucher(101), at: 0)
    },
    Break(violation: .history, phase: .open, name: "nine vouchers") {
      $0.history = (92...100).map { Fixture.voucher($0) }
    },
    Break(violation: .history, phase: .open, name: "a foreign voucher") {
      $0.history = [SignedVoucher(channelID: .zero, cumulativeAmount: amount(100), signature: [1])]
    },
    Break(violation: .history, phase: .open, name: "an empty signature") {
      $0.history = [
        SignedVoucher(channelID: Fixture.channelID, cumulativeAmount: amount(100), signature: [])
      ]
    },
    Break(violation: .finality, phase: .open, name: "open without a deposit") { $0.deposit = .zero },
    Break(violation: .finality, phase: .open, name: "open with a loss") { $0.loss = amount(1) },
    Break(violation: .finality, phase: .finalized, name: "final with a deposit") { $0.deposit = amount(1) },
    Break(violation: .finality, phase: .finalized, name: "final with a close request") {
      $0.closeRequestedAt = 1
    },
    Break(violation: .closeVoucher, phase: .closing, name: "close voucher below delivery") {
      $0.closing = CloseLease(owner: 5, expires: Fixture.now, voucher: Fixture.voucher(49))
    },
    Break(violation: .mark, phase: .open, name: "settlement mark ahead") {
      $0.lastSettlement = SettlementMark(at: Fixture.now, spent: amount(31), units: 1)
    },
  ]

  @Test(arguments: breaks)
  func aBrokenRecordIsNeitherUsedNorWritten(_ broken: Break) throws {
    var record = try Fixture.record(broken.phase)
    try ChannelInvariants.check(record)
    broken.apply(&record)
    #expect(throws: broken.violation) { try ChannelInvariants.check(record) }
    #expect(throws: ChannelTransitionError.invariant(broken.violation)) {
      try record.applying(.release(Fixture.id(77)))
    }
    #expect(throws: ChannelTransitionError.invariant(broken.violation)) {
      try record.deciding(Fixture.acceptance(500), hold: nil)
    }
    #expect(throws: ChannelRecordError.unwritable(broken.violation)) { try record.encoded() }
  }

  @Test func whatGrowsNeverShrinks() throws {
    let old = try Fixture.record()
    let changes: [(inout ChannelRecord) -> Void] = [
      { $0.spent = Fixture.amount(29) }, { $0.units = 0 }, { $0.history = [Fixture.voucher(99)] },
      { $0.deposit = Fixture.amount(999) }, { $0.observedBlock = 9 },
    ]
    for change in changes {
      var new = old
      change(&new)
      #expect(throws: ChannelInvariantViolation.regression) {
        try ChannelInvariants.check(from: old, to: new)
      }
    }
    let final = try Fixture.record(.finalized)
    #expect(throws: ChannelInvariantViolation.regression) {
      try ChannelInvariants.check(from: final, to: old)
    }
  }

  @Test func nothingIsSpentThatWasNotHeld() throws {
    let old = try Fixture.record()
    var new = old
    new.spent = Fixture.amount(51)
    #expect(throws: ChannelInvariantViolation.unheldCharge) {
      try ChannelInvariants.check(from: old, to: new)
    }
  }

  @Test func theSettleableVoucherIsNeverDropped() throws {
    var old = try ChannelRecord.applying(.open(Fixture.opening()), to: nil)
    old = try old.applying(.hold(Fixture.hold(1, 100))).applying(.commit(Fixture.id(1)))
    var new = old
    new.history = [Fixture.voucher(200)]
    #expect(throws: ChannelInvariantViolation.lostVoucher) { try ChannelInvariants.check(from: old, to: new) }
  }
}
