import EVM
import MPPCore
import MPPTempo
import Tempo
import Testing

/// `07` Appendix B: the positive case, and every way to spoil it.
@Suite struct SubscriptionAuthorizationTests {
  private let root: Secp256k1PrivateKey
  private let accessKey: SubscriptionAccessKey
  private let terms: SubscriptionTerms
  private let chainID = TempoChain.mainnet

  init() throws {
    root = try Secp256k1PrivateKey([UInt8](repeating: 0, count: 31) + [1])
    accessKey = SubscriptionAccessKey(
      .secp256k1(try Secp256k1PrivateKey([UInt8](repeating: 0, count: 31) + [2])))
    terms = SubscriptionTerms(
      amount: Amount(units: 10_000_000), currency: TempoAddress.alphaUSD,
      recipient: try Address(hex: "0x1234567890abcdef1234567890abcdef12345678"),
      period: try SubscriptionPeriod(count: 1, unit: .day),
      expiry: try SubscriptionExpiry("2027-01-01T00:00:00Z"))
  }

  private func authorization() throws -> KeyAuthorization {
    try SubscriptionAuthorization.make(terms, chainID: chainID, accessKey: accessKey)
  }

  /// The verdict on a changed authorization that the payer did sign.
  private func verdict(
    allowsTransfer: Bool = false, _ change: (inout KeyAuthorization) -> Void
  ) async throws -> String {
    var authorization = try authorization()
    change(&authorization)
    let signed = try await authorization.signed(by: .secp256k1(root))
    return verdict(signed.serialized, allowsTransfer: allowsTransfer)
  }

  private func verdict(_ bytes: [UInt8], allowsTransfer: Bool = false) -> String {
    let payload: JSONValue = ["type": "keyAuthorization", "signature": .string(Hex.encode(bytes))]
    do {
      return try SubscriptionAuthorization.verify(
        try SubscriptionPayload(parsing: payload), terms: terms, chainID: chainID, accessKey: accessKey,
        allowsTransfer: allowsTransfer
      ).address.hex
    } catch {
      return error.reason
    }
  }

  @Test func theBytesAreThoseOfTheReference() async throws {
    let authorization = try authorization()
    #expect(
      Hex.encode(authorization.serialized)
        == "0xf87182107980942b5ad5c4795c026514f8317c7a215e218dccd6cf846b36ec80dedd9420c00000000000000000000000000000000000018398968083015180f3f29420c0000000000000000000000000000000000001dcdb8495777d59d5941234567890abcdef1234567890abcdef12345678"
    )
    #expect(
      authorization.hash.hex == "0x5b903c5d93c9106534121d863246b95bfce1f284d4c31c368f6938e5f2c45461")
    let signed = try await authorization.signed(by: .secp256k1(root))
    #expect(
      Hex.encode(signed.signature.serialized)
        == "0x3b2ebfcbf97477da0cf36aed0979d9da731609fa4eee5ba0e21e028dcd7b3f9a6f71044e7473c813ba5bed3d5be44a057489cf360fd460e54ea9f5fde339e4da1b"
    )
    #expect(verdict(signed.serialized) == root.address.hex)
    let source = AccountSource(chainID: chainID, address: root.address)
    #expect(source.lowerCaseText == "did:pkh:eip155:4217:0x7e5f4552091a69125d5dfcb7b8c2659029395bdf")
  }

  @Test func eachDifferenceHasItsReason() async throws {
    let other = TempoAddress.dex
    let memo = Selector(TIP20ABI.transferWithMemo)
    let cases: [(String, (inout KeyAuthorization) -> Void)] = [
      ("keyAuthorization chainId mismatch", { $0.chainID = 0 }),
      ("keyAuthorization access key mismatch", { $0.keyID = other }),
      ("keyAuthorization key type mismatch", { $0.keyType = .webAuthn }),
      ("keyAuthorization expiry mismatch", { $0.expiry = nil }),
      ("keyAuthorization expiry mismatch", { $0.expiry? += 1 }),
      ("keyAuthorization must contain exactly one token limit", { $0.limits = nil }),
      ("keyAuthorization must contain exactly one token limit", { $0.limits = [] }),
      (
        "keyAuthorization must contain exactly one token limit",
        { $0.limits?.append(SpendingLimit(token: other, amount: 1)) }
      ),
      ("keyAuthorization currency mismatch", { $0.limits?[0].token = other }),
      ("keyAuthorization amount mismatch", { $0.limits?[0].amount = 10_000_001 }),
      ("keyAuthorization period mismatch", { $0.limits?[0].period = 0 }),
      ("keyAuthorization must contain a recipient-scoped transferWithMemo call", { $0.allowedCalls = nil }),
      ("keyAuthorization must contain a recipient-scoped transferWithMemo call", { $0.allowedCalls = [] }),
      (
        "keyAuthorization must contain a recipient-scoped transferWithMemo call",
        { $0.allowedCalls?.append(CallScope(target: other)) }
      ),
      ("keyAuthorization call target mismatch", { $0.allowedCalls?[0].target = other }),
      ("keyAuthorization selector not allowed", { $0.allowedCalls?[0].rules = [] }),
      (
        "keyAuthorization selector not allowed",
        { $0.allowedCalls?[0].rules[0].selector = Selector(TIP20ABI.approve) }
      ),
      ("keyAuthorization recipient mismatch", { $0.allowedCalls?[0].rules[0].recipients = [] }),
      ("keyAuthorization recipient mismatch", { $0.allowedCalls?[0].rules[0].recipients.append(other) }),
      (
        "keyAuthorization must allow transferWithMemo",
        { $0.allowedCalls?[0].rules[0].selector = Selector(TIP20ABI.transfer) }
      ),
      (
        "keyAuthorization must not name an admin or an account",
        {
          $0.isAdmin = true
          $0.account = other
        }
      ),
      ("keyAuthorization must not name an admin or an account", { $0.account = other }),
      ("keyAuthorization must not name an admin or an account", { $0.isAdmin = true }),
    ]
    for (reason, change) in cases {
      #expect(try await verdict(change) == reason)
    }
    #expect(try await verdict { $0.witness = memoWord } == root.address.hex)
    #expect(memo.hex == "0x95777d59")
  }

  private let memoWord = Keccak256.hash(utf8: "witness")

  @Test func theFormOfTheDraftPassesWhereItIsAsked() async throws {
    let recipient = terms.recipient
    let transfer = SelectorRule(selector: Selector(TIP20ABI.transfer), recipients: [recipient])
    let memo = SelectorRule(selector: Selector(TIP20ABI.transferWithMemo), recipients: [recipient])
    for rules in [[transfer, memo], [memo, transfer]] {
      #expect(
        try await verdict { $0.allowedCalls?[0].rules = rules }
          == "keyAuthorization must contain a recipient-scoped transferWithMemo call")
      #expect(
        try await verdict(allowsTransfer: true) { $0.allowedCalls?[0].rules = rules } == root.address.hex)
    }
    let cases: [([SelectorRule], String)] = [
      ([memo, memo], "keyAuthorization duplicate selector"),
      ([transfer, transfer], "keyAuthorization duplicate selector"),
      ([transfer], "keyAuthorization must allow transferWithMemo"),
      (
        [memo, SelectorRule(selector: Selector(TIP20ABI.approve), recipients: [recipient])],
        "keyAuthorization selector not allowed"
      ),
      (
        [memo, SelectorRule(selector: Selector(TIP20ABI.transfer))], "keyAuthorization recipient mismatch"
      ),
      (
        [memo, transfer, memo], "keyAuthorization must contain a recipient-scoped transferWithMemo call"
      ),
    ]
    for (rules, reason) in cases {
      #expect(try await verdict(allowsTransfer: true) { $0.allowedCalls?[0].rules = rules } == reason)
    }
  }

  @Test func everyOtherSpellingOfTheBytesIsNoPayload() async throws {
    let signed = try await authorization().signed(by: .secp256k1(root))
    let items = try RLP.decode(authorization().serialized).list()
    func bytes(_ items: [RLPItem], _ signature: [UInt8]? = nil) -> [UInt8] {
      RLP.encode(.list([.list(items), .bytes(signature ?? signed.signature.serialized)]))
    }
    var zeroType = items
    zeroType[1] = .bytes([0])
    for bad in [
      signed.serialized + [0], bytes(items + [.empty]), bytes(zeroType), Array(signed.serialized.dropLast()),
      [], [0x12, 0x34],
    ] { #expect(verdict(bad) == "invalid keyAuthorization payload") }
    for signature in [[4] + root.address.bytes + signed.signature.serialized, [5]] {
      #expect(verdict(bytes(items, signature)) == "keyAuthorization must use a primitive signature")
    }
    #expect(
      verdict(RLP.encode(.list([.list(items)]))) == "keyAuthorization must use a primitive signature")
    guard case .secp256k1(let signature) = signed.signature else { return }
    let high = try UInt256(Secp256k1.order).subtracting(UInt256(signature.s)).word
    #expect(
      verdict(bytes(items, signature.r.bytes + high.bytes + [28 - signature.yParity]))
        == "invalid keyAuthorization payload")
    #expect(
      verdict(bytes(items, signature.r.bytes + signature.s.bytes + [signature.yParity])) == root.address.hex)
  }

  @Test func aFlippedBitMakesItSomebodyElses() async throws {
    let signed = try await authorization().signed(by: .secp256k1(root))
    var bytes = signed.serialized
    bytes[bytes.count - 40] ^= 1
    #expect(verdict(bytes) != root.address.hex)
  }

  @Test func payloadsAreChecked() throws {
    for payload: JSONValue in [
      [:], ["type": "keyAuthorization"], ["type": "proof", "signature": "0x00"],
      ["type": "keyAuthorization", "signature": "0x"], ["type": "keyAuthorization", "signature": "0x0"],
      ["type": "keyAuthorization", "signature": "00"], ["type": "keyAuthorization", "signature": 1], .null,
      ["type": "keyAuthorization", "signature": .string("0x" + String(repeating: "c0", count: 20_000))],
    ] {
      #expect(throws: SubscriptionError.self) { try SubscriptionPayload(parsing: payload) }
    }
  }

  @Test func longPeriodsAreSignedUpTo64Bits() throws {
    #expect(
      try SubscriptionPeriod(count: "213503982334601", unit: "day").seconds == 18_446_744_073_709_526_400)
    #expect(throws: SubscriptionError.self) { try SubscriptionPeriod(count: "213503982334602", unit: "day") }
    #expect(throws: SubscriptionError.self) { try SubscriptionPeriod(count: 0, unit: .week) }
    #expect(throws: SubscriptionError.self) { try SubscriptionPeriod(count: "٣", unit: "day") }
  }

  @Test func anExpiryIsAnInstantWhateverItsSpelling() throws {
    let expiry = try SubscriptionExpiry("2026-12-31T18:30:00+05:30")
    #expect(expiry.text == "2026-12-31T13:00:00.000Z")
    #expect(try SubscriptionExpiry(expiry.text) == expiry)
    #expect(throws: SubscriptionError.self) { try SubscriptionExpiry(seconds: 0) }
    #expect(throws: SubscriptionError.self) { try SubscriptionExpiry(seconds: .max) }
  }
}
