import MPPCore
import MPPTempo
import MPPTesting
import Testing

@Suite("What a client signs")
struct VoucherPolicyTests {
  func account(_ authorized: UInt128 = 0, deposit: UInt128 = 1000, cap: UInt128 = 1000) throws
    -> VoucherAccount
  {
    try VoucherAccount(
      authorized: Amount(units: authorized), delivered: Amount(units: authorized),
      deposit: Amount(units: deposit),
      cap: Amount(units: cap))
  }
  func units(_ units: UInt128) -> Amount { Amount(units: units) }

  @Test("n requests under way have n strictly increasing vouchers (U2)")
  func increasing() throws {
    var account = try account()
    var last = Amount.zero
    for number in 1...10 {
      let reservation = try account.reserve(price: units(10))
      #expect(reservation.target > last)
      #expect(reservation.target == units(UInt128(number) * 10))
      last = reservation.target
    }
    #expect(throws: VoucherPolicyError.capExceeded(required: units(1100), cap: units(1000))) {
      try account.reserve(price: units(1000))
    }
  }

  @Test("A failed exchange leaves its amount for the next request: re-sent, not stacked (C24)")
  func reuse() throws {
    var account = try account()
    let first = try account.reserve(price: units(10))
    account.released(first)
    #expect(account.authorized == units(10))
    #expect(account.delivered == .zero)
    let second = try account.reserve(price: units(10))
    #expect(second.target == units(10))
    #expect(second.raised == .zero)
    account.delivered(second)
    #expect(try account.reserve(price: units(10)).target == units(20))
  }

  @Test("Refused: the highest voucher that is out, then one price more, then no more")
  func refusals() throws {
    var account = try account()
    let low = try account.reserve(price: units(10))
    let high = try account.reserve(price: units(10))
    let again = try account.refused(low)
    #expect(again.target == high.target)
    #expect(account.authorized == units(20))
    #expect(throws: VoucherPolicyError.refusedAtFullPrice(authorized: units(20))) {
      try account.refused(again)
    }

    var lost = try self.account()
    lost.released(try lost.reserve(price: units(10)))
    let resent = try lost.reserve(price: units(10))
    let stepped = try lost.refused(resent)
    #expect(stepped.target == units(20))
    #expect(stepped.raised == units(10))
    #expect(lost.writtenOff == units(10))
    #expect(throws: VoucherPolicyError.self) { try lost.refused(stepped) }
    lost.delivered(stepped)
    #expect(lost.confirmed == units(20))
    #expect(lost.delivered == units(10))
    #expect(try lost.reserve(price: units(10)).target == units(30))
  }

  @Test("A voucher above the deposit is not signed: top up first (U6)")
  func deposit() throws {
    var account = try account(100, deposit: 100)
    let before = account
    #expect(throws: VoucherPolicyError.depositExceeded(required: units(110), deposit: units(100))) {
      try account.reserve(price: units(10))
    }
    #expect(account == before)
    account.confirm(deposit: units(200))
    #expect(try account.reserve(price: units(10)).target == units(110))
  }

  @Test("minVoucherDelta above the price is refused unless the user allows the step")
  func delta() throws {
    var account = try account()
    #expect(throws: VoucherPolicyError.deltaExceedsStep(delta: units(30), allowed: units(10))) {
      try account.reserve(price: units(10), minimumDelta: units(30))
    }
    let allowed = try account.reserve(price: units(10), minimumDelta: units(30), maximumStep: units(30))
    #expect(allowed.target == units(30))
    account.delivered(allowed)
    #expect(try account.reserve(price: units(10), minimumDelta: units(30)).target == units(30))
  }

  @Test("A requirement one unit too high is refused (A6)")
  func requirement() throws {
    let account = try account(100)
    try account.checkRequirement(units(110), price: units(10))
    #expect(throws: VoucherPolicyError.requirementExceedsBound(required: units(111), bound: units(110))) {
      try account.checkRequirement(units(111), price: units(10))
    }
  }

  @Test("A price of zero, amounts beyond 2^96, contradicting numbers")
  func ranges() throws {
    var account = try account()
    #expect(throws: VoucherPolicyError.priceIsZero) { try account.reserve(price: .zero) }
    #expect(throws: VoucherPolicyError.self) { try account.reserve(price: Amount(units: .max)) }
    #expect(throws: VoucherPolicyError.self) {
      try VoucherAccount(authorized: units(5), delivered: units(6), deposit: units(10), cap: units(10))
    }
    // A capture above the cap, by a lying node or a stolen key, stays readable; nothing can be added to it.
    var above = try VoucherAccount(authorized: units(11), deposit: units(20), cap: units(10))
    above.confirm(deposit: units(20))
    #expect(throws: VoucherPolicyError.self) { try above.reserve(price: units(12)) }
  }

  @Test("After a restart everything unused is in doubt; a request that uses it says so")
  func doubt() throws {
    var account = try VoucherAccount(
      authorized: units(40), delivered: units(10), deposit: units(1000), cap: units(1000))
    #expect(account.doubtful == units(30))
    #expect(account.owed == units(40))
    let first = try account.reserve(price: units(10))
    #expect(first.doubtful == units(10) && first.target == units(40))
    // Refused while alone: all of it is gone, and the request adds its price.
    let stepped = try account.refused(first)
    #expect(stepped.doubtful == .zero && stepped.target == units(50))
    #expect(account.doubtful == .zero && account.unused == .zero)
    #expect(account.writtenOff == units(30))
    account.delivered(stepped)
    let next = try account.reserve(price: units(10))
    #expect(next.doubtful == .zero && next.target == units(60))
    // Not sent: the amount is certainly there. Sent: it is in doubt.
    account.released(next, isOut: false)
    #expect(account.doubtful == .zero && account.unused == units(10))
    let again = try account.reserve(price: units(10))
    #expect(again.doubtful == .zero)
    account.released(again)
    #expect(account.doubtful == units(10))
    // Part of a price in doubt is a doubt, too.
    let partly = try account.reserve(price: units(15))
    #expect(partly.doubtful == units(10) && partly.raised == units(5))
    account.released(partly, isOut: false)
    #expect(account.doubtful == units(10) && account.unused == units(15))
  }

  @Test(
    "A1: whatever happens, what is signed is at most the accepted prices, the cap and the deposit",
    arguments: 0..<200)
  func hostileSequences(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    var account = try account(0, deposit: 500, cap: 5_000)
    var accepted: UInt128 = 0
    var open: [VoucherReservation] = []
    for _ in 0..<200 {
      let before = account
      switch Int.random(in: 0..<10, using: &random) {
      case 0...3:
        let price = UInt128.random(in: 1...60, using: &random)
        do {
          let delta = Bool.random(using: &random) ? units(UInt128.random(in: 0...200, using: &random)) : nil
          open.append(try account.reserve(price: units(price), minimumDelta: delta))
          accepted += price
        } catch {
          #expect(account == before)
        }
      case 4, 5:
        if let reservation = open.popLast() { account.delivered(reservation) }
      case 6:
        if !open.isEmpty { account.released(open.removeFirst(), isOut: Bool.random(using: &random)) }
      case 7:
        // Refusals come at any time, as often as a server likes.
        if let index = open.indices.randomElement(using: &random) {
          do { open[index] = try account.refused(open[index]) } catch { #expect(account == before) }
        }
      case 8:
        do {
          try account.checkRequirement(
            units(UInt128.random(in: 0...100_000, using: &random)), price: units(1))
        } catch {}
        #expect(account == before)
      default:
        if Bool.random(using: &random), account.deposit < units(4_900) {
          account.confirm(deposit: try account.deposit.adding(units(100)))
        }
      }
      #expect(account.authorized <= units(accepted), "seed \(seed)")
      #expect(account.authorized <= account.cap)
      #expect(account.authorized <= account.deposit)
      #expect(account.authorized >= before.authorized)
      #expect(try account.confirmed.adding(account.pending) <= account.authorized)
      #expect(account.doubtful <= account.unused)
      #expect(account.presented <= account.authorized)
      for reservation in open { #expect(reservation.raised <= reservation.price) }
    }
  }
}

@Suite("Deposits")
struct DepositPolicyTests {
  @Test("Opening deposit (05 §5.1; an explicit amount does not beat the cap here)")
  func opening() throws {
    let rows: [(explicit: UInt128?, suggested: UInt128?, price: UInt128, cap: UInt128, deposit: UInt128?)] = [
      (500, 1000, 10, 100, nil), (50, 1000, 10, 100, 50), (0, 1000, 10, 100, nil), (nil, 1000, 100, 500, 500),
      (nil, 700, 100, 1000, 700), (nil, 50, 100, 500, 100), (nil, nil, 100, 1000, 100),
      (nil, nil, 100, 50, nil),
      (nil, (1 << 96) - 1, 100, 1000, 1000),
    ]
    for row in rows {
      let policy = DepositPolicy(cap: Amount(units: row.cap))
      let result = Result {
        try policy.opening(
          price: Amount(units: row.price), suggested: row.suggested.map { Amount(units: $0) },
          explicit: row.explicit.map { Amount(units: $0) })
      }
      #expect((try? result.get())?.units == row.deposit, "\(row)")
    }
    let preferred = DepositPolicy(cap: Amount(units: 1000), preferredOpening: Amount(units: 300))
    #expect(try preferred.opening(price: Amount(units: 10), suggested: nil).units == 300)
    #expect(try preferred.opening(price: Amount(units: 10), suggested: Amount(units: 20)).units == 20)
  }

  @Test("Top-up (05 §5.2)")
  func topUp() throws {
    let rows:
      [(
        deposit: UInt128, required: UInt128, preferred: UInt128?, suggested: UInt128?, cap: UInt128, UInt128?
      )] = [
        (100, 100, nil, nil, 1000, 0), (100, 150, 80, 100, 1000, 80), (100, 150, nil, 100, 1000, 100),
        (100, 150, nil, nil, 1000, 50), (100, 150, nil, 100, 180, 80), (100, 150, 20, nil, 1000, 50),
        (100, 1001, nil, nil, 1000, nil),
      ]
    for row in rows {
      let policy = DepositPolicy(
        cap: Amount(units: row.cap), preferredTopUp: row.preferred.map { Amount(units: $0) })
      let result = Result {
        try policy.topUp(
          deposit: Amount(units: row.deposit), required: Amount(units: row.required),
          suggested: row.suggested.map { Amount(units: $0) })
      }
      #expect((try? result.get())?.units == row.5, "\(row)")
    }
  }
}
