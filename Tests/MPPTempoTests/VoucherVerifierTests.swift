import EVM
import MPPTempo
import Tempo
import Testing

@Suite struct VoucherVerifierTests {
  private let key: Secp256k1PrivateKey
  private let other: Secp256k1PrivateKey
  private let digest: Hash32

  init() throws {
    key = try Secp256k1PrivateKey([UInt8](repeating: 1, count: 32))
    other = try Secp256k1PrivateKey([UInt8](repeating: 2, count: 32))
    let channelID = try Hash32([UInt8](repeating: 7, count: 32))
    let voucher = try Voucher(channelID: channelID, cumulativeAmount: 250_000)
    digest = voucher.digest(domain: VoucherDomain(chainID: TempoChain.moderato))
  }

  private func verify(
    _ signature: [UInt8], signer: Address? = nil, cachedKey: Secp256k1PublicKey? = nil
  ) throws(VoucherSignatureError) {
    try VoucherVerifier.verify(
      signature: signature, digest: digest, signer: signer ?? key.address, cachedKey: cachedKey)
  }

  /// The other valid pair of the same signature: `n − s`, and the other recovery id.
  private func highSTwin(_ signature: RecoverableSignature) throws -> [UInt8] {
    let s = try UInt256(Secp256k1.order).subtracting(UInt256(signature.s)).word
    return signature.r.bytes + s.bytes + [28 - signature.yParity]
  }

  @Test func highSIsRefusedWithAndWithoutACachedKey() throws {
    let twin = try highSTwin(key.sign(digest))
    #expect(throws: VoucherSignatureError.highS) { try verify(twin) }
    #expect(throws: VoucherSignatureError.highS) { try verify(twin, cachedKey: key.publicKey) }
  }

  @Test func aWrongRecoveryIDIsRefusedWithAndWithoutACachedKey() throws {
    var bytes = key.sign(digest).bytes65
    bytes[64] = bytes[64] == 27 ? 28 : 27
    #expect(throws: VoucherSignatureError.self) { try verify(bytes) }
    #expect(throws: VoucherSignatureError.self) { try verify(bytes, cachedKey: key.publicKey) }
  }

  @Test(arguments: [UInt8(0), 1, 2, 26, 29, 35, 36, 255])
  func recoveryBytesOtherThan27And28AreRefused(v: UInt8) throws {
    var bytes = key.sign(digest).bytes65
    bytes[64] = v
    #expect(throws: VoucherSignatureError.malformed) { try verify(bytes) }
  }

  @Test func aKeyOfAnotherAddressIsNotUsed() throws {
    let signature = key.sign(digest).bytes65
    try verify(signature, cachedKey: other.publicKey)
    #expect(throws: VoucherSignatureError.wrongSigner) {
      try verify(signature, signer: other.address, cachedKey: key.publicKey)
    }
    #expect(throws: VoucherSignatureError.wrongSigner) {
      try verify(signature, signer: other.address, cachedKey: other.publicKey)
    }
  }

  @Test func otherLengthsAreRefused() throws {
    let signature = key.sign(digest).bytes65
    for length in [0, 1, 32, 63, 64] {
      #expect(throws: VoucherSignatureError.self) { try verify(Array(signature.prefix(length))) }
    }
    #expect(throws: VoucherSignatureError.self) { try verify(signature + [0]) }
    #expect(throws: VoucherSignatureError.self) {
      try verify(signature + [UInt8](repeating: 0x77, count: 32))
    }
  }

  @Test(arguments: [UInt8(0x03), 0x04, 0x05])
  func wrappersAreRefused(type: UInt8) throws {
    let wrapped = [type] + key.address.bytes + key.sign(digest).bytes65
    #expect(throws: VoucherSignatureError.notPrimitive) { try verify(wrapped) }
  }

  @Test func zeroAndOversizedScalarsAreRefused() throws {
    let signature = key.sign(digest)
    let order = Secp256k1.order.bytes
    for (r, s) in [
      ([UInt8](repeating: 0, count: 32), signature.s.bytes),
      (signature.r.bytes, [UInt8](repeating: 0, count: 32)),
      (order, signature.s.bytes), (signature.r.bytes, order),
    ] {
      #expect(throws: VoucherSignatureError.self) { try verify(r + s + [27]) }
    }
  }

  @Test func aP256KeyOffTheCurveIsRefused() throws {
    let p256 = try P256PrivateKey([UInt8](repeating: 3, count: 32))
    let signature = try p256.sign(digest)
    let good = try KeyedP256Signature(
      r: signature.r, s: signature.s, x: p256.publicKey.x, y: p256.publicKey.y, prehash: false)
    try verify(good.serialized, signer: p256.address)
    let bad = try KeyedP256Signature(
      r: signature.r, s: signature.s, x: p256.publicKey.x, y: p256.publicKey.x, prehash: false)
    #expect(throws: VoucherSignatureError.invalid) { try verify(bad.serialized, signer: bad.claimedAddress) }
  }

  @Test func theDigestBindsAmountChannelChainAndContract() throws {
    let channelID = try Hash32([UInt8](repeating: 7, count: 32))
    let domain = VoucherDomain(chainID: TempoChain.moderato)
    let variants = [
      try Voucher(channelID: channelID, cumulativeAmount: 250_001).digest(domain: domain),
      try Voucher(channelID: .zero, cumulativeAmount: 250_000).digest(domain: domain),
      try Voucher(channelID: channelID, cumulativeAmount: 250_000)
        .digest(domain: VoucherDomain(chainID: TempoChain.mainnet)),
      try Voucher(channelID: channelID, cumulativeAmount: 250_000)
        .digest(domain: VoucherDomain(chainID: TempoChain.moderato, escrow: TempoAddress.pathUSD)),
    ]
    #expect(Set(variants + [digest]).count == 5)
  }
}
