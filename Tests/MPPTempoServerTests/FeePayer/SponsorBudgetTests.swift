import EVM
import MPPCore
import MPPTempoServer
import Testing

@Suite("SponsorBudget: what a sponsor may be charged for at once (06 §1.11)")
struct SponsorBudgetTests {
  static let now = Timestamp(seconds: 1000)
  static let limits: SponsorLimits = {
    var limits = SponsorLimits.standard(chainID: 42431)
    limits.maximumInFlight = 3
    limits.maximumInFlightFee = 100
    limits.maximumInFlightPerPayer = 2
    limits.maximumInFlightFeePerPayer = .max
    limits.maximumFeePerPayerPerDay = .max
    return limits
  }()

  func hash(_ byte: UInt8) throws -> Hash32 { try Hash32([UInt8](repeating: byte, count: 32)) }

  func reservation(
    _ byte: UInt8, fee: UInt64 = 10, payer: UInt8 = 1, owner: UInt64 = 7
  ) throws -> SponsorReservation {
    SponsorReservation(
      transaction: try hash(byte), payer: try Address([UInt8](repeating: payer, count: 20)), fee: fee,
      expires: Self.now.adding(seconds: 25), owner: owner, leaseUntil: Self.now.adding(seconds: 30))
  }

  func reserve(_ reservation: SponsorReservation, _ budget: SponsorBudget, now: Timestamp = now) throws
    -> SponsorBudget
  { try budget.applying(.reserve(reservation, Self.limits, now: now)) }

  @Test("number, sum and share of a payer are bounded")
  func bounds() throws {
    var budget = SponsorBudget()
    #expect(throws: SponsorBudget.Refusal.tooExpensive) { try reserve(reservation(1, fee: 101), budget) }
    budget = try reserve(reservation(1, fee: 60), budget)
    #expect(try reserve(reservation(1, fee: 60), budget) == budget)
    #expect(throws: SponsorBudget.Refusal.full) { try reserve(reservation(2, fee: 41), budget) }
    budget = try reserve(reservation(2, fee: 20), budget)
    #expect(throws: SponsorBudget.Refusal.payerFull) { try reserve(reservation(3), budget) }
    budget = try reserve(reservation(3, payer: 2), budget)
    #expect(throws: SponsorBudget.Refusal.full) { try reserve(reservation(4, payer: 3), budget) }
  }

  @Test("sums of fees never wrap")
  func overflow() throws {
    var limits = Self.limits
    limits.maximumInFlightFee = .max
    let budget = try SponsorBudget().applying(.reserve(reservation(1, fee: .max), limits, now: Self.now))
    #expect(throws: SponsorBudget.Refusal.full) {
      try budget.applying(.reserve(reservation(2, fee: 1, payer: 2), limits, now: Self.now))
    }
  }

  @Test("only the owner moves a reservation on, and a lost one may not be sent for")
  func fencing() throws {
    let budget = try reserve(reservation(1), SponsorBudget())
    #expect(throws: SponsorBudget.Refusal.ownershipLost) {
      try budget.applying(.broadcast(hash(1), owner: 8, now: Self.now))
    }
    #expect(try budget.applying(.release(hash(1), owner: 8)) == budget)
    let gone = try budget.applying(.release(hash(1), owner: 7))
    #expect(throws: SponsorBudget.Refusal.ownershipLost) {
      try gone.applying(.broadcast(hash(1), owner: 7, now: Self.now))
    }
    let sent = try budget.applying(.broadcast(hash(1), owner: 7, now: Self.now))
    #expect(try sent.applying(.release(hash(1), owner: 7)) == sent)
  }

  @Test("one payer cannot fill the sum of fees, and has room for one transaction at least")
  func shareOfAPayer() throws {
    var limits = Self.limits
    limits.maximumInFlightFeePerPayer = 25
    func reserve(_ reservation: SponsorReservation, _ budget: SponsorBudget) throws -> SponsorBudget {
      try budget.applying(.reserve(reservation, limits, now: Self.now))
    }
    let budget = try reserve(reservation(1, fee: 20), SponsorBudget())
    #expect(throws: SponsorBudget.Refusal.payerFull) { try reserve(reservation(2, fee: 6), budget) }
    #expect(try reserve(reservation(2, fee: 5), budget).reservations.count == 2)
    #expect(try reserve(reservation(2, fee: 25, payer: 2), budget).reservations.count == 2)
    #expect(throws: SponsorBudget.Refusal.tooExpensive) {
      try reserve(reservation(3, fee: 26, payer: 2), budget)
    }
    let standard = SponsorLimits.standard(chainID: 42431)
    #expect(standard.maximumInFlightFeePerPayer == standard.maximumInFlightFee / 4)
    let small = SponsorLimits(
      maximumGas: 1, maximumFeePerGas: 1, maximumPriorityFeePerGas: 1, maximumTotalFee: 100,
      maximumValidity: 1, maximumInFlightFee: 200)
    #expect(small.maximumInFlightFeePerPayer == 100)
  }

  @Test("the same transaction again costs once, and its earlier maker may not go on with it")
  func takeover() throws {
    let budget = try reserve(reservation(1), SponsorBudget())
    let taken = try reserve(reservation(1, owner: 8), budget)
    #expect(taken.reservations.count == 1)
    #expect(throws: SponsorBudget.Refusal.ownershipLost) {
      try taken.applying(.broadcast(hash(1), owner: 7, now: Self.now))
    }
    let sent = try budget.applying(.broadcast(hash(1), owner: 7, now: Self.now))
    let late = try reserve(reservation(1, owner: 8), sent).applying(.release(hash(1), owner: 8))
    #expect(late.reservations.map(\.phase) == [.broadcasting])
  }

  @Test("what was never signed is freed by its lease; what was signed only by the chain or by its end")
  func ends() throws {
    let late = SponsorReservation(
      transaction: try hash(2), payer: try reservation(2).payer, fee: 10,
      expires: Self.now.adding(seconds: 100), owner: 7, leaseUntil: Self.now.adding(seconds: 30))
    /// What is left of the budget when somebody else reserves at that time.
    func left(_ budget: SponsorBudget, after seconds: Int64) throws -> [SponsorReservation] {
      let now = Self.now.adding(seconds: seconds)
      return try reserve(reservation(9, payer: 9), budget, now: now).reservations.dropLast()
    }
    var budget = try reserve(late, SponsorBudget())
    #expect(try left(budget, after: 29) == budget.reservations)
    #expect(try left(budget, after: 30).isEmpty)
    budget = try budget.applying(.broadcast(hash(2), owner: 7, now: Self.now))
    #expect(try left(budget, after: 99) == budget.reservations)
    #expect(try left(budget, after: 100).isEmpty)
    #expect(try budget.applying(.confirmed(hash(2))).reservations.isEmpty)
  }

  @Test("what was signed for a payer counts for a day, once each, and for nobody else")
  func day() throws {
    var limits = Self.limits
    limits.maximumFeePerPayerPerDay = 25
    func reserve(
      _ byte: UInt8, payer: UInt8 = 1, owner: UInt64 = 7, _ budget: SponsorBudget, after seconds: Int64 = 0
    ) throws -> SponsorBudget {
      try budget.applying(
        .reserve(
          reservation(byte, payer: payer, owner: owner), limits, now: Self.now.adding(seconds: seconds)))
    }
    func sent(_ byte: UInt8, owner: UInt64 = 7, _ budget: SponsorBudget) throws -> SponsorBudget {
      try budget.applying(.broadcast(hash(byte), owner: owner, now: Self.now))
    }
    var budget = try sent(1, reserve(1, SponsorBudget()))
    // Its maker died after the signature: the same fee.
    budget = try sent(1, owner: 8, reserve(1, owner: 8, budget)).applying(.confirmed(hash(1)))
    #expect(budget.spendings.map(\.fee) == [10])
    budget = try reserve(2, budget)
    // What is about to be signed counts as well.
    #expect(throws: SponsorBudget.Refusal.payerSpent) { try reserve(3, budget) }
    // What was not signed costs nothing.
    #expect(try reserve(3, budget.applying(.release(hash(2), owner: 7))).reservations.count == 1)
    budget = try sent(2, budget).applying(.confirmed(hash(2)))
    #expect(throws: SponsorBudget.Refusal.payerSpent) { try reserve(3, budget) }
    #expect(throws: SponsorBudget.Refusal.payerSpent) { try reserve(3, budget, after: 86_399) }
    #expect(try reserve(3, budget, after: 86_400).spendings.isEmpty)
    #expect(try reserve(3, payer: 2, budget).reservations.count == 1)
  }

  @Test("the payers that are counted are bounded: who began first is forgotten")
  func payers() throws {
    var budget = SponsorBudget()
    for index in 0...SponsorBudget.maximumPayers {
      var bytes = [UInt8](repeating: 0, count: 20)
      (bytes[0], bytes[1]) = (UInt8(index / 256), UInt8(index % 256))
      let reservation = SponsorReservation(
        transaction: try hash(1), payer: try Address(bytes), fee: 1, expires: Self.now.adding(seconds: 25),
        owner: 7, leaseUntil: Self.now.adding(seconds: 30))
      budget = try reserve(reservation, budget)
      budget = try budget.applying(.broadcast(hash(1), owner: 7, now: Self.now))
      budget = try budget.applying(.confirmed(hash(1)))
    }
    #expect(budget.spendings.count == SponsorBudget.maximumPayers)
    #expect(budget.spendings.first?.payer.bytes[1] == 1)
    #expect(try SponsorBudget(decoding: budget.encoded()) == budget)
  }

  @Test("what is stored is what was meant; every damaged byte is noticed")
  func encoding() throws {
    var budget = try reserve(reservation(1), SponsorBudget())
    budget = try reserve(reservation(2, fee: 3, payer: 2, owner: 9), budget)
    budget = try budget.applying(.broadcast(hash(2), owner: 9, now: Self.now))
    let bytes = try budget.encoded()
    #expect(try SponsorBudget(decoding: bytes) == budget)
    for index in bytes.indices {
      var damaged = bytes
      damaged[index] ^= 1
      #expect(throws: (any Error).self) { try SponsorBudget(decoding: damaged) }
    }
  }
}
