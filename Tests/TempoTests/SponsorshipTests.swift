import EVM
import Tempo
import Testing

@Suite struct SponsorshipTests {
  private let sender: Secp256k1PrivateKey
  private let sponsor: Secp256k1PrivateKey
  private let waiting: SignedTempoTransaction

  init() throws {
    sender = try Samples.key(1)
    sponsor = try Samples.key(2)
    var transaction = try Samples.transaction()
    transaction.feePayer = .awaitingFeePayer
    waiting = try transaction.signed(with: sender)
  }

  private func completed(_ key: Secp256k1PrivateKey) throws -> SignedTempoTransaction {
    let digest = waiting.transaction.feePayerHash(sender: sender.address, feeToken: TempoAddress.alphaUSD)
    return try waiting.completed(feeToken: TempoAddress.alphaUSD, feePayerSignature: key.sign(digest))
  }

  @Test func sponsoredMeansThatTheSenderCommitsToNoFeeToken() throws {
    var other = waiting.transaction
    other.feeToken = TempoAddress.alphaUSD
    #expect(other.signingHash() == waiting.transaction.signingHash())
    other.feePayer = .unsponsored
    #expect(other.signingHash() != waiting.transaction.signingHash())
    let parsed = try SignedTempoTransaction(parsing: waiting.serialized)
    #expect(parsed.transaction.feeToken == nil)
    #expect(parsed.transaction.feePayer == .awaitingFeePayer)
  }

  @Test func aFeeTokenInAHandOffIsRefused() throws {
    for signed in [waiting, try waiting.handOff(sender: sender.address)] {
      var items = try Samples.items(signed)
      items[10] = .address(TempoAddress.pathUSD)
      #expect(throws: TempoError.invalidField("feeToken")) {
        try SignedTempoTransaction(parsing: Samples.bytes(items, type: signed.serialized[0]))
      }
    }
  }

  @Test func theIdentityIsTheSameBeforeAndAfterTheSponsorSigns() throws {
    let final = try completed(sponsor)
    let identity = try waiting.expiringNonceHash()
    #expect(try waiting.handOff(sender: sender.address).expiringNonceHash() == identity)
    #expect(try final.expiringNonceHash() == identity)
    #expect(final.hash != waiting.hash)
    var unsponsored = waiting.transaction
    unsponsored.feePayer = .unsponsored
    #expect(unsponsored.expiringNonceHash(sender: sender.address) != identity)
  }

  @Test func aHandOffThatNamesAnotherSenderIsRefused() throws {
    let handOff = try waiting.handOff(sender: sponsor.address)
    let parsed = try SignedTempoTransaction(parsing: handOff.serialized)
    #expect(throws: TempoError.rule(.senderMismatch)) { try parsed.recoverSender() }
  }

  @Test func slotFormsBelongToTheirTypeByte() throws {
    let items = try Samples.items(waiting)
    func parse(_ slot: RLPItem, type: UInt8) throws -> FeePayerSlot {
      var changed = items
      changed[11] = slot
      return try SignedTempoTransaction(parsing: Samples.bytes(changed, type: type)).transaction.feePayer
    }
    let signature = RLPItem.list([.empty, .bytes([1]), .bytes([1])])
    #expect(try parse(.bytes([0]), type: 0x76) == .awaitingFeePayer)
    #expect(try parse(.empty, type: 0x76) == .unsponsored)
    #expect(try parse(.address(sender.address), type: 0x78) == .handOff(sender: sender.address))
    #expect(throws: TempoError.self) { try parse(.address(sender.address), type: 0x76) }
    #expect(throws: TempoError.self) { try parse(.bytes([1]), type: 0x76) }
    #expect(throws: TempoError.self) { try parse(.bytes([0]), type: 0x78) }
    #expect(throws: TempoError.self) { try parse(.empty, type: 0x78) }
    #expect(throws: TempoError.self) { try parse(signature, type: 0x78) }
  }

  @Test func feePayerSignaturesAreStrict() throws {
    let items = try Samples.items(try completed(sponsor))
    guard case .list(let good) = items[11] else { return }
    let zero = RLPItem.empty
    let refused: [[RLPItem]] = [
      [.bytes([2]), good[1], good[2]], [.bytes([0]), good[1], good[2]], [good[0], zero, good[2]],
      [good[0], good[1], zero], [good[0], .bytes([0, 1]), good[2]], [good[0], good[1]],
      [good[0], good[1], .bytes(Secp256k1.order.bytes)],
      [good[0], good[1], .bytes([0xff] + [UInt8](repeating: 0, count: 31))],
    ]
    for signature in refused {
      var changed = items
      changed[11] = .list(signature)
      #expect(throws: TempoError.self) { try SignedTempoTransaction(parsing: Samples.bytes(changed)) }
    }
  }

  @Test func aSponsorThatIsTheSenderIsRefused() throws {
    let final = try completed(sender)
    #expect(throws: TempoError.rule(.selfSponsored)) { try final.recoverFeePayer(sender: sender.address) }
    #expect(try completed(sponsor).recoverFeePayer(sender: sender.address) == sponsor.address)
  }

  @Test func onlyATransactionThatWaitsForItsSponsorIsCompleted() throws {
    let plain = try Samples.transaction().signed(with: sender)
    let signature = sponsor.sign(plain.transaction.signingHash())
    #expect(throws: TempoError.rule(.wrongFeePayerSlot)) {
      try plain.completed(feeToken: TempoAddress.pathUSD, feePayerSignature: signature)
    }
    #expect(throws: TempoError.rule(.wrongFeePayerSlot)) {
      try completed(sponsor).completed(feeToken: TempoAddress.pathUSD, feePayerSignature: signature)
    }
    #expect(plain.isFinal)
    #expect(!waiting.isFinal)
  }
}
