import EVM
import MPPCore
import MPPTempo
import Tempo
import TestSupport
import Testing

@Suite struct VoucherVectors {
  @Test func voucherFile() throws {
    let file = try VectorFile.load("voucher.json")
    try file.expectGroups(["sign", "verify", "uint96", "keychainWrapped", "constants"])
    var tally = Tally(file)
    for vector in try file.group("sign") { tally.run(vector) { try sign(vector) } }
    for vector in try file.group("verify") { tally.run(vector) { try verify(vector) } }
    for vector in try file.group("uint96") {
      tally.run(vector) {
        let text = try vector.string("value")
        // `00001` may be refused too (`Vectors/README.md`); ours reads digits, leading zeros included.
        if let expected = try vector.require("parsed").stringValue {
          try Tally.expect(try uint96(text).description, expected, "parsed")
        } else if text.allSatisfy({ $0 == "0" || $0 == "1" }), text.count == 30 {
          try Tally.expect(try uint96(text), Amount(units: 1), "leading zeros")
        } else {
          try Tally.expectRejected(text) { try uint96(text) }
        }
      }
    }
    let signatures = try file.group("sign")[0].require("signers")
    for vector in try file.group("keychainWrapped") {
      tally.run(vector) {
        let primitive = try Hex.decode(signatures["secp256k1"]?["signature"]?.stringValue ?? "")
        let wrapped = [0x04] + TempoAddress.pathUSD.bytes + primitive
        #expect(throws: VoucherSignatureError.notPrimitive) {
          try VoucherVerifier.verify(signature: wrapped, digest: .zero, signer: .zero)
        }
      }
    }
    for vector in try file.group("constants") { tally.run(vector) { try constants(vector) } }
    try tally.finish()
  }

  private func uint96(_ text: String) throws -> Amount {
    let amount = try Amount(baseUnits: text)
    guard amount <= .maxUInt96 else { throw VectorError("above uint96") }
    return amount
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

  private func sign(_ vector: VectorCase) throws {
    let (voucher, domain) = try voucher(vector)
    // Absent for contracts other than the canonical one; the digest covers it.
    if let separator = vector["domainSeparator"]?.stringValue {
      try Tally.expect(domain.separator.hex, separator, "domainSeparator")
    }
    let digest = voucher.digest(domain: domain)
    try Tally.expect(digest.hex, try vector.string("digest"), "digest")
    let key = try Secp256k1PrivateKey(try vector.bytes("privateKey"))
    for member in try vector.require("signers").objectValue ?? [] {
      let signature = try Hex.decode(member.value["signature"]?.stringValue ?? "")
      let signer = member.value["accessKeyAddress"] ?? member.value["address"]
      let address = try Address(hex: signer?.stringValue ?? "")
      // The reference's access keys sign for the canonical contract whatever the challenge names; such a
      // voucher is worthless at the named one, and ours does not make or accept it.
      let isForeign = member.key.hasPrefix("accessKey") && domain.escrow != TempoAddress.channelReserve
      let signed = isForeign ? voucher.digest(domain: VoucherDomain(chainID: domain.chainID)) : digest
      try VoucherVerifier.verify(signature: signature, digest: signed, signer: address)
      if isForeign {
        try Tally.expectRejected(member.key) {
          try VoucherVerifier.verify(signature: signature, digest: digest, signer: address) as Any
        }
      }
      if member.key.hasSuffix("secp256k1") {
        try Tally.expect(key.sign(signed).bytes65, signature, member.key)
      }
    }
  }

  private func verify(_ vector: VectorCase) throws {
    let (voucher, domain) = try voucher(vector)
    let digest = voucher.digest(domain: domain)
    let signature = try Hex.decode(try vector.string("signature"))
    let signer = try Address(hex: try vector.string("expectedSigner"))
    // The reference takes the malleable twin; the chain does not (`Vectors/README.md`).
    let expected = try vector.bool("valid") && vector.name != "secp256k1 high-s"
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
