import EVM
import Tempo
import Testing

@Suite struct TransactionParsingTests {
  private let signed: SignedTempoTransaction
  private let items: [RLPItem]

  init() throws {
    signed = try Samples.transaction().signed(with: try Samples.key(1))
    items = try Samples.items(signed)
  }

  private func parse(_ change: (inout [RLPItem]) -> Void, type: UInt8 = 0x76) throws -> SignedTempoTransaction
  {
    var changed = items
    change(&changed)
    return try SignedTempoTransaction(parsing: Samples.bytes(changed, type: type))
  }

  private func expectRefused(_ change: (inout [RLPItem]) -> Void) {
    #expect(throws: TempoError.self) { try parse(change) }
  }

  @Test func theSampleItselfIsAccepted() throws {
    #expect(try parse { _ in } == signed)
  }

  @Test func bytesAfterTheListAreRefused() {
    #expect(throws: TempoError.self) { try SignedTempoTransaction(parsing: signed.serialized + [0]) }
  }

  @Test func everyTruncationIsRefused() {
    for length in 0..<signed.serialized.count {
      #expect(throws: TempoError.self) {
        try SignedTempoTransaction(parsing: Array(signed.serialized.prefix(length)))
      }
    }
  }

  @Test(arguments: [0, 1, 2, 3, 6, 7, 8, 9])
  func leadingZerosOfAnIntegerAreRefused(index: Int) {
    expectRefused { $0[index] = .bytes([0, 1]) }
  }

  @Test(arguments: [0, 1, 2, 3, 6, 7, 8, 9])
  func theByteZeroIsNotAnInteger(index: Int) {
    expectRefused { $0[index] = .bytes([0]) }
  }

  @Test func integersWiderThanTheirFieldAreRefused() {
    expectRefused { $0[0] = .bytes([UInt8](repeating: 1, count: 9)) }
    expectRefused { $0[2] = .bytes([UInt8](repeating: 1, count: 17)) }
    expectRefused { $0[6] = .bytes([UInt8](repeating: 1, count: 33)) }
  }

  @Test func chainIDZeroIsRefused() {
    #expect(throws: TempoError.rule(.chainIDZero)) { try parse { $0[0] = .empty } }
  }

  @Test func noCallsAreRefused() {
    #expect(throws: TempoError.rule(.noCalls)) { try parse { $0[4] = .list([]) } }
  }

  @Test func aTipAboveTheFeeCapIsRefused() {
    #expect(throws: TempoError.rule(.tipAboveFeeCap)) {
      try parse { ($0[1], $0[2]) = (.bytes([2]), .bytes([1])) }
    }
  }

  @Test func anEmptyValidityWindowIsRefused() {
    #expect(throws: TempoError.rule(.emptyValidityWindow)) {
      try parse { ($0[8], $0[9]) = (.bytes([5]), .bytes([5])) }
    }
  }

  @Test func unsignedAndOverlongListsAreRefused() {
    #expect(throws: TempoError.wrongItemCount(13)) { try parse { $0.removeLast() } }
    #expect(throws: TempoError.self) { try parse { $0.append(.empty) } }
    #expect(throws: TempoError.wrongItemCount(16)) { try parse { $0 += [.empty, .empty] } }
  }

  @Test func aPlaceholderForTheKeyAuthorizationIsRefused() {
    expectRefused { $0.insert(.empty, at: 13) }
  }

  @Test func accessListsOfAnotherShapeAreRefused() {
    let address = RLPItem.address(TempoAddress.pathUSD)
    expectRefused { $0[5] = .empty }
    expectRefused { $0[5] = .list([address]) }
    expectRefused { $0[5] = .list([.list([address])]) }
    expectRefused { $0[5] = .list([.list([address, .list([.bytes([1])])])]) }
    expectRefused { $0[5] = .list([.list([.bytes([1]), .list([])])]) }
  }

  @Test func limitsOfThePoolApplyBeforeAnySignature() {
    let call = items[4]
    guard case .list(let calls) = call else { return }
    expectRefused { $0[4] = .list(Array(repeating: calls[0], count: 33)) }
    expectRefused { $0[3] = RLP.uint(UInt64(30_000_001)) }
    let entry = RLPItem.list([.address(TempoAddress.pathUSD), .list([])])
    expectRefused { $0[5] = .list(Array(repeating: entry, count: 257)) }
    expectRefused { $0[4] = .list([.list([.empty, .empty, .bytes([UInt8](repeating: 1, count: 131_073))])]) }
    #expect(throws: TempoError.limitExceeded("transaction")) {
      try SignedTempoTransaction(parsing: [0x76] + [UInt8](repeating: 0, count: 262_144))
    }
  }

  @Test func parityBytesAreNormalisedBeforeHashing() throws {
    guard case .bytes(var signature) = items[13] else { return }
    signature[64] -= 27
    let parsed = try parse { $0[13] = .bytes(signature) }
    #expect(parsed == signed)
    #expect(parsed.hash == signed.hash)
    #expect(parsed.serialized.count == signed.serialized.count)
    for v in [UInt8(2), 26, 29, 35, 255] {
      signature[64] = v
      expectRefused { $0[13] = .bytes(signature) }
    }
  }

  @Test func highSOfTheSenderIsRefused() throws {
    guard case .secp256k1(let signature) = signed.signature else { return }
    let s = try UInt256(Secp256k1.order).subtracting(UInt256(signature.s)).word
    let twin = signature.r.bytes + s.bytes + [28 - signature.yParity]
    #expect(throws: TempoError.signature(.highS)) { try parse { $0[13] = .bytes(twin) } }
  }

  @Test func typeBytesOtherThanTheKnownAreRefused() {
    for type in [UInt8(0x00), 0x01, 0x75, 0x77, 0x79, 0xff] {
      #expect(throws: TempoError.unknownTransactionType(type)) { try parse({ _ in }, type: type) }
    }
    #expect(throws: TempoError.unknownTransactionType(nil)) { try SignedTempoTransaction(parsing: []) }
  }

  @Test func validityZeroIsAbsentAndWrittenAsNothing() throws {
    var transaction = try Samples.transaction()
    transaction.validAfter = 0
    var absent = transaction
    absent.validAfter = nil
    #expect(transaction.signingPayload == absent.signingPayload)
    #expect(
      try transaction.signed(with: try Samples.key(1)).serialized
        == absent.signed(with: Samples.key(1)).serialized)
  }

  @Test func rulesOfTheChainAreCheckedApart() throws {
    var transaction = try Samples.transaction()
    try transaction.checkChainRules()
    transaction.calls[0].value = 1
    #expect(throws: TempoError.rule(.nativeValue)) { try transaction.checkChainRules() }
    transaction.calls[0].value = .zero
    transaction.calls.append(Call(to: nil))
    #expect(throws: TempoError.rule(.misplacedCreate)) { try transaction.checkChainRules() }
    transaction.calls.removeLast()
    transaction.nonce = 1
    #expect(throws: TempoError.rule(.expiringNonceShape)) { try transaction.checkChainRules() }
    transaction.nonce = 0
    transaction.validBefore = nil
    #expect(throws: TempoError.rule(.expiringNonceShape)) { try transaction.checkChainRules() }
  }
}
