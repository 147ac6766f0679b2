import EVM
import Tempo
import Testing

@Suite struct SignatureFormTests {
  /// `02` §18.5: the digest of a voucher of 250 000.
  private let digest: Hash32
  private let p256Address: Address

  init() throws {
    digest = try Hash32(hex: "0x41fde91fdcc4bb9dc6afeb1d0194cc37449e5c18ceef1df7bf7b16509b920091")
    p256Address = try Address(hex: "0xa0E0162b1a12Ed06d63DD1BF0CD5b0d1e6614B3c")
  }

  private static let point =
    "6ff03b949241ce1dadd43519e6960e0a85b41a69a05c328103aa2bce1594ca16"
    + "3c4f753a55bf01dc53f6c0b0c7eee78b40c6ff7d25a96e2282b989cef71c144a"
  private static let bare =
    "0x01a75d9f57fcc4a530c050e9bf26aca1f1c07bf37d04c30e38f7756c568c61ebf9"
    + "2a464da24100d54c3151865d3c1031bf6885bb282af9073b44c5b2acfa1a751c" + point + "00"
  private static let hashed =
    "0x0145c3bfda8bbc0d2e4be5638738acce4e4e99842c0554b007729fc9f63143e420"
    + "115ecffdeb894668088be98e0af4282484f5c5f9749db6c4d6812a19af2f7139" + point + "01"
  private static let assertion =
    "0x02a379a6f6eeafb9a55e378c118034e2751e682fab9f2d30ab13d2125586ce194705000000007b2274797065223a22776562617574686e2e676574222c226368616c6c656e6765223a225166337048397a4575353347722d7364415a544d4e30536558426a4f3778333376337357554a7553414a45222c226f726967696e223a2268747470733a2f2f6578616d706c652e636f6d222c2263726f73734f726967696e223a66616c73657d3ae485412848817328ae9076309e65aecd4f67074f8499c2e03c3da13bc7e0dc0290e8c77d9fd496cf2aa3e6a55276755283e39c3c6aa09f44b4b502df597434"
    + point

  /// `02` §18.6
  @Test func theOtherCurvesFormsVerify() throws {
    for text in [Self.bare, Self.hashed, Self.assertion] {
      let signature = try PrimitiveSignature(parsing: try Hex.decode(text))
      #expect(try signature.signer(of: digest) == p256Address)
      #expect(Hex.encode(signature.serialized) == text)
      #expect(throws: TempoError.signature(.invalid)) { try signature.signer(of: .zero) }
    }
  }

  @Test func aHeadlessPasskeyWritesWhatABrowserWrites() throws {
    let key = try P256PrivateKey([UInt8](repeating: 1, count: 32))
    let passkey = try HeadlessPasskey(
      key: key, relyingParty: "example.com", origin: "https://example.com")
    let ours = try passkey.assertion(of: digest)
    let theirs = try WebAuthnSignature(parsing: try Hex.decode(Self.assertion))
    #expect(ours.clientDataJSON == theirs.clientDataJSON)
    #expect(ours.authenticatorData == theirs.authenticatorData)
    #expect(ours.claimedAddress == p256Address)
    #expect(ours.isValid(for: digest))
  }

  @Test func oneFlippedBitAnywhereMakesAnAssertionInvalid() throws {
    let bytes = try Hex.decode(Self.assertion)
    // The counter, flags and client data are signed, the rest is checked.
    for index in stride(from: 1, to: bytes.count, by: 3) {
      var changed = bytes
      changed[index] ^= 0x02
      #expect(throws: TempoError.self, "byte \(index)") {
        try PrimitiveSignature(parsing: changed).signer(of: digest)
      }
    }
  }

  // MARK: - JSON-RPC

  private func object(_ members: [(String, String)]) -> RPCValue {
    .object(members.map { RPCValue.Member($0.0, .string($0.1)) })
  }

  @Test func parityMayComeAsEitherMember() throws {
    let signature = try Samples.key(1).sign(digest)
    let (r, s) = (signature.r.hex, signature.s.hex)
    for parity: [(String, String)] in [
      [("yParity", "0x\(signature.yParity)")], [("v", "0x\(signature.yParity)")],
      [("v", Hex.quantity(UInt64(signature.yParity) + 27))],
      [("v", Hex.quantity(UInt64(signature.yParity) + 27)), ("yParity", "0x\(signature.yParity)")],
    ] {
      let form = object([("r", r), ("s", s)] + parity)
      #expect(try PrimitiveSignature(rpcForm: form) == .secp256k1(signature))
      #expect(try SignatureEnvelope(rpcForm: form) == .secp256k1(signature))
    }
    for parity: [(String, String)] in [
      [], [("v", "0x2")], [("v", "0x1d")],
      [("yParity", "0x\(1 - signature.yParity)"), ("v", "0x\(signature.yParity)")],
    ] {
      #expect(throws: TempoError.self) {
        try PrimitiveSignature(rpcForm: object([("r", r), ("s", s)] + parity))
      }
    }
  }

  @Test func numbersMayLackTheirLeadingZeros() throws {
    // Signs until r begins with a zero byte; one in 256 does.
    let key = try Samples.key(1)
    let signature = try #require(
      (0..<20_000).lazy.map { key.sign(Keccak256.hash(utf8: "\($0)")) }.first { $0.r.bytes[0] == 0 })
    let form = object([
      ("r", UInt256(signature.r).hexQuantity), ("s", UInt256(signature.s).hexQuantity),
      ("yParity", "0x\(signature.yParity)"),
    ])
    #expect(try PrimitiveSignature(rpcForm: form) == .secp256k1(signature))
  }

  @Test func aWrapperIsKnownByItsAccountAndVersion1IsForProofsAlone() async throws {
    let account = try Samples.key(1).address
    let signer = TempoSigner.secp256k1(try Samples.key(3)).asAccessKey(of: account)
    let envelope = try await signer.signForAccount(digest)
    guard case .object(var members) = envelope.rpcForm else { return }
    // As the node writes it, without a type.
    members.removeAll { $0.name == "type" }
    #expect(try SignatureEnvelope(rpcForm: .object(members)) == envelope)
    members.removeAll { $0.name == "version" }
    #expect(throws: TempoError.self) { try SignatureEnvelope(rpcForm: .object(members)) }
    members.append(.init("version", .string("v1")))
    #expect(throws: TempoError.signature(.unsupportedKind)) {
      try SignatureEnvelope(rpcForm: .object(members))
    }
    #expect(try KeychainSignature(rpcForm: .object(members)).version == .v1)
  }

  @Test func formsInsideFormsAreRefused() async throws {
    let account = try Samples.key(1).address
    let signer = TempoSigner.secp256k1(try Samples.key(3)).asAccessKey(of: account)
    let inner = try await signer.signForAccount(digest).rpcForm
    #expect(throws: TempoError.self) {
      try SignatureEnvelope(
        rpcForm: .object([
          .init("userAddress", .string(account.hex)), .init("version", .string("v2")),
          .init("signature", inner),
        ]))
    }
    #expect(throws: TempoError.signature(.unsupportedKind)) {
      try PrimitiveSignature(rpcForm: object([("type", "multisig"), ("r", "0x1"), ("s", "0x1")]))
    }
  }

  // MARK: - v1 vouchers

  /// `02` §18.7 and `06` §2.1
  @Test func legacyChannelsAndVouchersHaveTheBytesOfTheReference() throws {
    let payer = try Samples.key(1)
    let escrow = try #require(TempoChain.legacyEscrow(chainID: TempoChain.moderato))
    let channel = LegacyChannel(
      payer: payer.address, payee: try Samples.key(3).address, token: TempoAddress.pathUSD,
      salt: try Hash32([UInt8](repeating: 0x55, count: 32)), authorizedSigner: payer.address)
    let id = channel.channelID(escrow: escrow, chainID: TempoChain.moderato)
    #expect(id.hex == "0xec41bcfca1eb3dc654a74c06eeb801484567ba6f292d26ac2271ed28b41a0f37")
    let domain = LegacyVoucherDomain(chainID: TempoChain.moderato, escrow: escrow)
    #expect(domain.separator.hex == "0x3271aa2ef112b8493e889b17f852ad8e0a0b30565a62f3c066aa9fb0b7444e0c")
    let voucher = LegacyVoucher(channelID: id, cumulativeAmount: 250_000)
    #expect(
      voucher.digest(domain: domain).hex
        == "0xc85553c4c097d9a448c9f394d4c95b75a84981fc61d9f4f0745dc9133cf9850e")
    let signature = payer.sign(voucher.digest(domain: domain))
    try voucher.verify(signature: signature.bytes65, domain: domain, signer: payer.address)
    let high = try UInt256(Secp256k1.order).subtracting(UInt256(signature.s)).word
    #expect(throws: TempoError.signature(.highS)) {
      try voucher.verify(
        signature: signature.r.bytes + high.bytes + [28 - signature.yParity], domain: domain,
        signer: payer.address)
    }
    // EIP-2098 is one more spelling.
    #expect(throws: TempoError.signature(.length)) {
      try voucher.verify(
        signature: Array(signature.bytes65.dropLast()), domain: domain, signer: payer.address)
    }
    #expect(throws: TempoError.rule(.signerMismatch)) {
      try voucher.verify(signature: signature.bytes65, domain: domain, signer: channel.payee)
    }
  }
}
