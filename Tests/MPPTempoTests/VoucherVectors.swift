import EVM
import MPPCore
import MPPTempo
import Tempo
import TestSupport
import Testing

@Suite struct VoucherVectors {
  @Test func voucherFile() async throws {
    var tally = try Tally(.voucher)
    try await tally.eachAsync("sign", sign)
    try tally.each("verify", verify)
    try tally.each("uint96", uint96)
    for vector in try tally.file.group("keychainWrapped") {
      await tally.runAsync(vector) { try await keychainWrapped(vector) }
    }
    try tally.each("constants", constants)
    try tally.finish()
  }

  /// The strict column is the rule; what `BigInt()` reads beyond it is refused.
  private func uint96(_ vector: VectorCase) throws {
    try vector.expectMembers(["value", "parsed", "fromPayload"])
    let text = try vector.string("value")
    if let expected = try vector.require("parsed").stringValue {
      try Tally.expect(try uint96(text).description, expected, "parsed")
      return
    }
    if vector["fromPayload"]?["result"] != nil { vector.differs(.voucherAmountNotDecimal) }
    try Tally.expectRejected(text) { try uint96(text) }
  }

  /// The amount of a voucher payload with this text.
  private func uint96(_ text: String) throws -> Amount {
    var members = SessionPayloadTests.good["voucher"]?.objectValue ?? []
    members.removeAll { $0.key == "cumulativeAmount" }
    members.append(.init(key: "cumulativeAmount", value: .string(text)))
    guard case .voucher(let payload) = try SessionPayload(parsing: .object(members)) else {
      throw VectorError("not a voucher")
    }
    return payload.cumulativeAmount
  }

  private func voucher(_ vector: VectorCase) throws -> (Voucher, VoucherDomain) {
    guard let chainID = UInt64(exactly: try vector.integer("chainId")) else { throw VectorError("chainId") }
    let amount = try uint96(try vector.string("cumulativeAmount"))
    return (
      try Voucher(
        channelID: try Hash32(hex: try vector.string("channelId")), cumulativeAmount: amount.units),
      VoucherDomain(chainID: chainID, escrow: try Address(hex: try vector.string("escrow")))
    )
  }

  private func sign(_ vector: VectorCase) async throws {
    try vector.expectMembers([
      "chainId", "escrow", "channelId", "cumulativeAmount", "privateKey", "domainSeparator", "digest",
      "signers",
    ])
    let (voucher, domain) = try voucher(vector)
    // Absent for contracts other than the canonical one; the digest covers it.
    if let separator = vector["domainSeparator"]?.stringValue {
      try Tally.expect(domain.separator.hex, separator, "domainSeparator")
    }
    let digest = voucher.digest(domain: domain)
    try Tally.expect(digest.hex, try vector.string("digest"), "digest")
    let members = try vector.require("signers").objectValue ?? []
    guard !members.isEmpty else { throw VectorError("no signer") }
    for member in members {
      let isAccessKey = member.key.hasPrefix("accessKey ")
      let signer = try signer(member, isAccessKey: isAccessKey, privateKey: try vector.bytes("privateKey"))
      // The reference's access keys sign for the canonical contract whatever the challenge names; such a
      // voucher is worthless at the named one, and ours does not make or accept it.
      let isForeign = isAccessKey && domain.escrow != TempoAddress.channelReserve
      if isForeign { vector.differs(.voucherForeignReserve) }
      let signed = isForeign ? voucher.digest(domain: VoucherDomain(chainID: domain.chainID)) : digest
      let signature = try Hex.decode(member.value["signature"]?.stringValue ?? "")
      try VoucherVerifier.verify(signature: signature, digest: signed, signer: signer.keyAddress)
      if isForeign {
        try Tally.expectRejected(member.key) {
          try VoucherVerifier.verify(signature: signature, digest: digest, signer: signer.keyAddress) as Any
        }
      }
      // Bare, whoever signs.
      let ours = try await signer.sign(signed).serialized
      try VoucherVerifier.verify(signature: ours, digest: signed, signer: signer.keyAddress)
      try Tally.expect(
        try VectorSigner.fixedPart(ours), try VectorSigner.fixedPart(signature), member.key)
    }
  }

  private func signer(
    _ member: JSONValue.Member, isAccessKey: Bool, privateKey: [UInt8]
  ) throws -> TempoSigner {
    let kind = isAccessKey ? String(member.key.dropFirst("accessKey ".count)) : member.key
    let signer = try VectorSigner.make(kind, privateKey: privateKey)
    guard isAccessKey else {
      try Tally.expect(signer.account, try VectorSigner.address(member.value["address"]), "address")
      return signer
    }
    try Tally.expect(
      signer.keyAddress, try VectorSigner.address(member.value["accessKeyAddress"]), "access key")
    return signer.asAccessKey(of: try VectorSigner.address(member.value["rootAccount"]))
  }

  /// A wallet that answers with the wrapper of transactions: refused by the signer and by the verifier.
  private func keychainWrapped(_ vector: VectorCase) async throws {
    try vector.expectMembers(["name", "error"])
    guard vector.error != nil else { throw VectorError("not an error") }
    let key = try Secp256k1PrivateKey([UInt8](repeating: 1, count: 32))
    let digest = Keccak256.hash(utf8: vector.label)
    let wallet = WrappingWallet(key: key)
    do {
      _ = try await TempoSigner(wallet).sign(digest)
      throw VectorError("a wrapped signature was taken")
    } catch TempoError.signature(.unsupportedKind) {}
    let wrapped = try await wallet.sign(digest)
    #expect(throws: VoucherSignatureError.notPrimitive) {
      try VoucherVerifier.verify(signature: wrapped, digest: digest, signer: key.address)
    }
  }

  private struct WrappingWallet: Signer {
    let key: Secp256k1PrivateKey
    var address: Address { key.address }
    func sign(_ digest: Hash32) async throws -> [UInt8] {
      [0x04] + TempoAddress.pathUSD.bytes + key.sign(digest).bytes65
    }
  }

  private func verify(_ vector: VectorCase) throws {
    let (voucher, domain) = try voucher(vector)
    let digest = voucher.digest(domain: domain)
    let signature = try Hex.decode(try vector.string("signature"))
    let signer = try Address(hex: try vector.string("expectedSigner"))
    let isMalleable = try Self.isHighS(signature)
    let isValid = try vector.bool("valid")
    if isMalleable, isValid { vector.differs(.voucherHighS) }
    let expected = isValid && !isMalleable
    guard expected else {
      try Tally.expectRejected(vector.name) {
        try VoucherVerifier.verify(signature: signature, digest: digest, signer: signer) as Any
      }
      return
    }
    let key = try VoucherVerifier.verify(signature: signature, digest: digest, signer: signer)
    let again = try VoucherVerifier.verify(
      signature: signature, digest: digest, signer: signer, cachedKey: key)
    try Tally.expect(again, key, "cached key")
  }

  /// Whether a secp256k1 signature has the upper of its two `s`, which the chain refuses (EIP-2).
  static func isHighS(_ signature: [UInt8]) throws -> Bool {
    guard signature.count == 65 else { return false }
    return Secp256k1.isHighS(try Hash32(Array(signature[32..<64])))
  }

  @Test func aHighSIsReadOffTheSignature() throws {
    for seed in 1...8 {
      let key = try Secp256k1PrivateKey([UInt8](repeating: UInt8(seed), count: 32))
      let low = key.sign(Keccak256.hash([UInt8(seed)])).bytes65
      let s = try UInt256(Secp256k1.order).subtracting(UInt256(try Hash32(Array(low[32..<64])))).word
      #expect(try !Self.isHighS(low))
      #expect(try Self.isHighS(Array(low[..<32]) + s.bytes + [55 - low[64]]))
    }
    #expect(try !Self.isHighS([UInt8](repeating: 0xFF, count: 130)))
  }

  private func constants(_ vector: VectorCase) throws {
    try Tally.expect(Voucher.typeHash.hex, try vector.string("voucherTypehash"), "type hash")
    try Tally.expect(
      TempoAddress.channelReserve, try Address(hex: try vector.string("escrow")), "escrow")
    try Tally.expect(
      String(ChannelReserveABI.closeGracePeriodSeconds), try vector.string("closeGracePeriodSeconds"),
      "grace period")
    for member in try vector.require("domainSeparators").objectValue ?? [] {
      guard let chainID = UInt64(member.key) else { throw VectorError("chain \(member.key)") }
      try Tally.expect(
        VoucherDomain(chainID: chainID).separator.hex, member.value.stringValue, "chain \(member.key)")
    }
  }
}
