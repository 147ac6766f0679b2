import EVM
import MPPCore
import MPPTempo
import Tempo
import Testing

@Suite("TransferMatcher: which movements pay a charge (06 §1.5, §1.9)")
struct TransferMatcherTests {
  static func address(_ byte: UInt8) throws -> Address { try Address([UInt8](repeating: byte, count: 20)) }
  static func hash(_ byte: UInt8) throws -> Hash32 { try Hash32([UInt8](repeating: byte, count: 32)) }
  static func amount(_ units: UInt64) -> Amount { Amount(units: UInt128(units)) }

  let token: Address
  let payee: Address
  let other: Address
  let payer: Address
  let bound: Hash32
  let foreign: Hash32

  init() throws {
    token = try Self.address(0x20)
    payee = try Self.address(0x01)
    other = try Self.address(0x02)
    payer = try Self.address(0x0a)
    bound = try Self.hash(0xbb)
    foreign = try Self.hash(0xff)
  }

  func matcher(
    _ units: UInt64, memo: Hash32? = nil, splits: [ExpectedTransfer.Split] = []
  ) throws -> TransferMatcher {
    let bound = bound
    return TransferMatcher(
      token: token,
      expected: try ExpectedTransfer.list(
        amount: Self.amount(units), recipient: payee, memo: memo, splits: splits),
      isBound: { $0 == bound })
  }

  func movement(
    _ units: UInt64, to: Address? = nil, from: Address? = nil, memo: Hash32? = nil, token: Address? = nil
  ) -> TokenMovement {
    TokenMovement(
      token: token ?? self.token, from: from ?? payer, to: to ?? payee, amount: UInt256(units), memo: memo)
  }

  @Test("token, recipient, amount, sender and memo must all be right")
  func exact() throws {
    let matcher = try matcher(100)
    #expect(try matcher.match([movement(100, memo: bound)], sender: payer).count == 1)
    let missing = TransferMatcher.Mismatch.missing(matcher.expected[0])
    for wrong in [
      movement(99, memo: bound), movement(101, memo: bound), movement(100, to: other, memo: bound),
      movement(100, from: other, memo: bound), movement(100, memo: bound, token: other),
    ] {
      #expect(throws: missing) { try matcher.match([wrong], sender: payer) }
    }
    #expect(throws: missing) { try matcher.match([], sender: payer) }
  }

  @Test("the main payment of a request without a memo carries one bound to the challenge, wherever it stands")
  func binding() throws {
    let matcher = try matcher(100)
    #expect(throws: TransferMatcher.Mismatch.notBound) {
      try matcher.match([movement(100, memo: foreign)], sender: payer)
    }
    #expect(throws: TransferMatcher.Mismatch.notBound) { try matcher.match([movement(100)], sender: payer) }
    let found = try matcher.match(
      [movement(100), movement(100, memo: foreign), movement(100, memo: bound)], sender: payer)
    #expect(found == [movement(100, memo: bound)])
  }

  @Test("a bound memo on a split does not bind the main payment")
  func splitBinding() throws {
    let split = ExpectedTransfer.Split(recipient: other, amount: Self.amount(10), memo: nil)
    let matcher = try matcher(100, splits: [split])
    #expect(throws: TransferMatcher.Mismatch.notBound) {
      try matcher.match([movement(90), movement(10, to: other, memo: bound)], sender: payer)
    }
  }

  @Test("an explicit memo must be that memo")
  func explicitMemo() throws {
    let matcher = try matcher(100, memo: foreign)
    #expect(try matcher.match([movement(100, memo: foreign)], sender: payer).count == 1)
    #expect(throws: TransferMatcher.Mismatch.missing(matcher.expected[0])) {
      try matcher.match([movement(100, memo: bound)], sender: payer)
    }
  }

  @Test("one movement never pays two expectations, and equal shares find each its own, in any order")
  func splits() throws {
    let same = ExpectedTransfer.Split(recipient: payee, amount: Self.amount(50), memo: nil)
    let matcher = try matcher(100, splits: [same])
    #expect(throws: TransferMatcher.Mismatch.self) {
      try matcher.match([movement(50, memo: bound)], sender: payer)
    }
    let pays = [movement(50, memo: bound), movement(50)]
    #expect(try matcher.match(pays, sender: payer) == pays)
    #expect(try matcher.match(pays.reversed(), sender: payer) == pays)
  }

  @Test("further movements are the payer's business, unless somebody else pays the fee")
  func extra() throws {
    let matcher = try matcher(100)
    let movements = [movement(7, to: other), movement(100, memo: bound)]
    #expect(try matcher.match(movements, sender: payer).count == 1)
    #expect(throws: TransferMatcher.Mismatch.extraMovements) {
      try matcher.match(movements, sender: payer, exactCount: true)
    }
  }

  @Test("splits leave the recipient something, and each is above zero")
  func terms() throws {
    func split(_ units: UInt64) -> ExpectedTransfer.Split {
      ExpectedTransfer.Split(recipient: other, amount: Self.amount(units), memo: nil)
    }
    #expect(
      try matcher(100, splits: [split(99)]).expected.map(\.amount) == [Self.amount(1), Self.amount(99)])
    #expect(throws: ChargeTermsError.splitsExceedAmount) { try matcher(100, splits: [split(100)]) }
    #expect(throws: ChargeTermsError.splitsExceedAmount) { try matcher(100, splits: [split(60), split(60)]) }
    #expect(throws: ChargeTermsError.splitIsZero) { try matcher(100, splits: [split(0)]) }
    #expect(throws: ChargeTermsError.splitsExceedAmount) { try matcher(0) }
  }

  @Test("the two events of a movement with a memo are one movement")
  func twins() throws {
    let amount = UInt256(100)
    let plain = try TIP20Event.transfer(from: payer, to: payee, amount: amount).log(token: token)
    let withMemo = try TIP20Event.transferWithMemo(from: payer, to: payee, amount: amount, memo: bound)
      .log(token: token)
    let unrelated = Log(address: other, topics: [foreign], data: [])
    let one = movement(100, memo: bound)
    #expect(TokenMovement.list(of: [plain, withMemo]) == [one])
    #expect(TokenMovement.list(of: [withMemo, plain]) == [one])
    #expect(TokenMovement.list(of: [plain, withMemo, plain, withMemo]) == [one, one])
    #expect(TokenMovement.list(of: [plain, plain, withMemo]) == [movement(100), one])
    #expect(TokenMovement.list(of: [plain, unrelated, withMemo]) == [movement(100), one])
    #expect(TokenMovement.list(of: [plain]) == [movement(100)])
  }

  @Test("a call moves tokens only in canonical encoding and without native value")
  func calls() throws {
    let data = try TIP20ABI.transferWithMemoCalldata(to: payee, amount: 100, memo: bound)
    let expected = TokenMovement(token: token, from: nil, to: payee, amount: UInt256(100), memo: bound)
    #expect(TokenMovement(call: Call(to: token, data: data)) == expected)
    #expect(TokenMovement(call: Call(to: token, data: data + [0])) == nil)
    #expect(TokenMovement(call: Call(to: token, value: UInt256(1), data: data)) == nil)
    #expect(TokenMovement(call: Call(to: nil, data: data)) == nil)
    let approve = try TIP20ABI.approveCalldata(spender: payee, amount: 100)
    #expect(TokenMovement(call: Call(to: token, data: approve)) == nil)
  }
}
