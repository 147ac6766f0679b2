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

  // MARK: - Bytes

  private func authorization() throws -> KeyAuthorization {
    KeyAuthorization(
      chainID: TempoChain.moderato, keyType: .secp256k1, keyID: try Samples.key(3).address,
      expiry: 1_811_536_000)
  }

  private func scope(_ rules: [SelectorRule]) -> [CallScope] {
    [CallScope(target: TempoAddress.pathUSD, rules: rules)]
  }

  /// `02` §18.4, which an independent implementation computed.
  @Test func everyFormHasItsHash() throws {
    let toA2 = SelectorRule(
      selector: Selector(TIP20ABI.transferWithMemo), recipients: [try Samples.key(2).address])
    var plain = try authorization()
    plain.expiry = nil
    #expect(plain.hash.hex == "0x9aeec7f5c5f9be663478a3125df164600062b23a7cf0fd07ef658b72f8bddcd4")
    var limited = try authorization()
    limited.keyType = .p256
    limited.limits = [SpendingLimit(token: TempoAddress.pathUSD, amount: 5_000_000)]
    #expect(limited.hash.hex == "0x13236d3c200eab33f717356e463a9f9ad3213ee6dde0ff9bd560e0395480cfc7")
    var scoped = try authorization()
    scoped.allowedCalls = scope([toA2])
    #expect(scoped.hash.hex == "0xff1271eef8b860eab770163ab239fc8e1ac3357689c7cbcd8624e05b913d7ec4")
    scoped.limits = []
    #expect(scoped.hash.hex == "0xfaf420c3b4f4cd025eff2de4bce79ba611254650b2c3c47dd077655246d7fc60")
    var anything = try authorization()
    anything.allowedCalls = scope([])
    #expect(anything.hash.hex == "0x1da67aa4948c90d2bc695f54b5d27604ab145d73ef136bba666884edb96267fb")
    var witnessed = try authorization()
    witnessed.witness = try Hash32([UInt8](repeating: 0x77, count: 32))
    #expect(witnessed.hash.hex == "0x3a95e643ce95196647a8d0bc5013027ff9108ac53c521be24c5999659e52257d")
  }

  @Test func everyFieldIsReadAgain() async throws {
    var full = try authorization()
    full.limits = [
      SpendingLimit(token: TempoAddress.pathUSD, amount: 1, period: 86_400),
      SpendingLimit(token: TempoAddress.alphaUSD, amount: 0),
    ]
    full.allowedCalls =
      scope([SelectorRule(selector: Selector(TIP20ABI.approve))]) + [
        CallScope(target: TempoAddress.dex)
      ]
    full.witness = Samples.memo
    full.isAdmin = true
    full.account = root.address
    for change: (inout KeyAuthorization) -> Void in [
      { _ in }, { $0.account = nil }, { $0.isAdmin = false }, { $0.witness = nil }, { $0.allowedCalls = nil },
      { $0.allowedCalls = [] }, { $0.limits = nil }, { $0.limits = [] }, { $0.expiry = nil },
    ] {
      var authorization = full
      change(&authorization)
      let signed = try await authorization.signed(by: .secp256k1(root))
      #expect(try SignedKeyAuthorization(parsing: signed.serialized) == signed)
      #expect(try SignedKeyAuthorization(rpcForm: signed.rpcForm) == signed)
      #expect(try signed.signer() == root.address)
    }
  }

  @Test func otherSpellingsOfTheSameAreRefused() throws {
    let limit = RLPItem.list([.address(TempoAddress.pathUSD), RLP.uint(UInt64(5))])
    #expect(throws: Never.self) { try SignedKeyAuthorization(parsing: signed(fields + [.list([limit])])) }
    for limits: RLPItem in [
      .list([.list([.address(TempoAddress.pathUSD), RLP.uint(UInt64(5)), .empty])]),
      .list([.list([.address(TempoAddress.pathUSD), .bytes([0, 5])])]), .list([.list([limit])]), .bytes([1]),
      .list([.list([.address(TempoAddress.pathUSD)])]),
    ] {
      #expect(throws: TempoError.self) { try SignedKeyAuthorization(parsing: signed(fields + [limits])) }
    }
    // An admin marker of another value, and markers that end in nothing.
    for tail: [RLPItem] in [
      [.empty, .empty, .empty, .bytes([2])], [.empty, .empty], [.empty, .empty, .empty],
    ] {
      #expect(throws: TempoError.self) { try SignedKeyAuthorization(parsing: signed(fields + tail)) }
    }
  }

  @Test func aParityByteIsReadAndWrittenAsTheNodeDoes() throws {
    var signature = root.sign(Keccak256.hash(RLP.encode(.list(fields)))).bytes65
    let usual = try SignedKeyAuthorization(parsing: signed(fields))
    signature[64] -= 27
    let parity = try SignedKeyAuthorization(
      parsing: RLP.encode(.list([.list(fields), .bytes(signature)])))
    #expect(parity == usual)
    #expect(parity.serialized == signed(fields))
  }

  @Test func wrappersAndMissingSignaturesAreNamed() throws {
    let inner = root.sign(.zero).bytes65
    for type: UInt8 in [3, 4, 5] {
      #expect(throws: TempoError.signature(.unsupportedKind)) {
        try SignedKeyAuthorization(
          parsing: RLP.encode(.list([.list(fields), .bytes([type] + root.address.bytes + inner)])))
      }
    }
    #expect(throws: TempoError.signature(.missing)) {
      try SignedKeyAuthorization(parsing: RLP.encode(.list([.list(fields)])))
    }
  }

  // MARK: - Signing

  @Test func whatNoChainTakesIsNotSigned() async throws {
    var endless = try authorization()
    endless.expiry = 0
    var huge = try authorization()
    huge.limits = [SpendingLimit(token: TempoAddress.pathUSD, amount: .max)]
    var many = try authorization()
    many.limits = (0..<257).map { _ in SpendingLimit(token: TempoAddress.pathUSD, amount: 1) }
    for bad in [endless, huge, many] {
      await #expect(throws: TempoError.self) { try await bad.signed(by: .secp256k1(root)) }
    }
  }

  @Test func anAccessKeyAuthorizesNothing() async throws {
    let signer = TempoSigner.secp256k1(try Samples.key(3)).asAccessKey(of: root.address)
    let authorization = try authorization()
    await #expect(throws: TempoError.rule(.rootKeyRequired)) { try await authorization.signed(by: signer) }
  }

  @Test func countsAreBounded() throws {
    func rule(_ recipients: Int) -> RLPItem {
      .list([.bytes([1, 2, 3, 4]), .list((0..<recipients).map { _ in .address(TempoAddress.dex) })])
    }
    func scope(_ rules: [RLPItem]) -> RLPItem { .list([.address(TempoAddress.dex), .list(rules)]) }
    func parse(_ scopes: [RLPItem]) throws {
      _ = try SignedKeyAuthorization(parsing: signed(fields + [.empty, .list(scopes)]))
    }
    try parse([scope([rule(64)])])
    try parse((0..<64).map { _ in scope([]) })
    try parse([scope((0..<64).map { _ in rule(0) })])
    #expect(throws: TempoError.self) { try parse([scope([rule(65)])]) }
    #expect(throws: TempoError.self) { try parse((0..<65).map { _ in scope([]) }) }
    #expect(throws: TempoError.self) { try parse([scope((0..<65).map { _ in rule(0) })]) }
  }

  // MARK: - JSON-RPC

  @Test func aJSONFormThatSaysSomethingElseIsRefused() async throws {
    var authorization = try authorization()
    authorization.limits = [SpendingLimit(token: TempoAddress.pathUSD, amount: 5)]
    let good = try await authorization.signed(by: .secp256k1(root)).rpcForm
    #expect(throws: Never.self) { try SignedKeyAuthorization(rpcForm: good) }
    let changes: [(String, RPCValue?)] = [
      ("chainId", nil), ("chainId", .string("1")), ("keyType", .string("ed25519")),
      ("keyId", .string("0x01")),
      ("expiry", .string("0x0")), ("expiry", .bool(true)), ("limits", .string("0x")),
      ("limits", .array([.object([.init("token", .string("0x"))])])), ("isAdmin", .string("0x1")),
      ("witness", .string("0x01")), ("signature", nil), ("signature", .null),
      ("signature", .object([.init("userAddress", .string(root.address.hex))])),
      ("signature", .object([.init("r", .string("0x1")), .init("s", .string("0x1"))])),
    ]
    for (name, value) in changes {
      guard case .object(var members) = good else { return }
      members.removeAll { $0.name == name }
      if let value { members.append(.init(name, value)) }
      #expect(throws: TempoError.self, "\(name) \(String(describing: value))") {
        try SignedKeyAuthorization(rpcForm: .object(members))
      }
    }
  }
}
