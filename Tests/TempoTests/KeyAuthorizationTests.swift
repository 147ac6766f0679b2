import EVM
import Tempo
import Testing

@Suite struct KeyAuthorizationTests {
  private let root: Secp256k1PrivateKey
  private let fields: [RLPItem]

  init() throws {
    root = try Samples.key(1)
    fields = [
      RLP.uint(TempoChain.moderato), .empty, .address(try Samples.key(3).address),
      RLP.uint(UInt64(1_811_536_000)),
    ]
  }

  private func signed(_ fields: [RLPItem]) -> [UInt8] {
    let signature = root.sign(Keccak256.hash(RLP.encode(.list(fields))))
    return RLP.encode(.list([.list(fields), .bytes(signature.bytes65)]))
  }

  @Test func noSpendingAndUnlimitedSpendingStayDistinct() throws {
    let unlimited = try SignedKeyAuthorization(parsing: signed(fields))
    let none = try SignedKeyAuthorization(parsing: signed(fields + [.list([])]))
    // `02` §18.4: "expiry only" and "limits []".
    #expect(
      unlimited.authorization.hash.hex == "0x598437fe543cfac07c04406bfc2260ed5cba115d83c8224331c2baf3b97d67ae"
    )
    #expect(
      none.authorization.hash.hex == "0x59a0e765db58732c3463760af994f3d7c40f1cb431fc938128fec6a7901e7a98")
    #expect(none.serialized == signed(fields + [.list([])]))
    #expect(try none.signer() == root.address)
  }

  @Test func aPlaceholderInTheLastPlaceIsRefused() {
    #expect(throws: TempoError.self) { try SignedKeyAuthorization(parsing: signed(fields + [.empty])) }
    #expect(throws: TempoError.self) {
      try SignedKeyAuthorization(parsing: signed(Array(fields.prefix(3)) + [.empty]))
    }
  }

  @Test func otherShapesAreRefused() throws {
    let good = signed(fields)
    #expect(throws: TempoError.self) { try SignedKeyAuthorization(parsing: good + [0]) }
    #expect(throws: TempoError.self) {
      try SignedKeyAuthorization(parsing: RLP.encode(.list([.list(fields)])))
    }
    #expect(throws: TempoError.self) { try SignedKeyAuthorization(parsing: signed(Array(fields.prefix(2)))) }
    for (index, item) in [(0, RLPItem.bytes([0])), (1, .bytes([3])), (1, .bytes([0])), (2, .empty)] {
      var changed = fields
      changed[index] = item
      #expect(throws: TempoError.self) { try SignedKeyAuthorization(parsing: signed(changed)) }
    }
  }

  @Test func theSenderCommitsToTheAuthorizationWithItsSignature() throws {
    var transaction = try Samples.transaction()
    let plain = transaction.signingHash()
    let authorization = try SignedKeyAuthorization(parsing: signed(fields))
    transaction.keyAuthorization = authorization
    #expect(transaction.signingHash() != plain)
    let signed = try transaction.signed(with: root)
    let parsed = try SignedTempoTransaction(parsing: signed.serialized)
    #expect(parsed == signed)
    #expect(parsed.transaction.keyAuthorization == authorization)
    #expect(try Samples.items(parsed).count == 15)
  }
}
