import EVM
import MPPCore
import Tempo
import TestSupport
import Testing

@Suite struct LegacyVoucherVectors {
  @Test func legacyVoucherFile() async throws {
    var tally = try Tally(.legacyVoucher)
    try await tally.eachAsync("sign", sign)
    try tally.each("verify", verify)
    try tally.finish()
  }

  private func voucher(_ vector: VectorCase) throws -> (LegacyVoucher, LegacyVoucherDomain) {
    (
      LegacyVoucher(
        channelID: try Reading.hash(vector["channelId"]),
        cumulativeAmount: try Reading.uint128(vector["cumulativeAmount"])),
      LegacyVoucherDomain(
        chainID: try Reading.uint64(vector["chainId"]), escrow: try Reading.address(vector["escrowContract"]))
    )
  }

  private func sign(_ vector: VectorCase) async throws {
    try vector.expectMembers([
      "privateKey", "address", "chainId", "escrowContract", "channelId", "cumulativeAmount", "digest",
      "signature", "p256",
    ])
    let (voucher, domain) = try voucher(vector)
    let digest = voucher.digest(domain: domain)
    try Tally.expect(digest, try Reading.hash(vector["digest"]), "digest")
    let key = try vector.bytes("privateKey")
    let signer = try VectorSigner.make(.secp256k1, privateKey: key)
    let signature = try await signer.signSecp256k1(digest).bytes65
    try Tally.expect(signature, try vector.bytes("signature"), "signature")
    try voucher.verify(
      signature: signature, domain: domain, signer: try Reading.address(vector["address"]))
    guard vector["p256"]?["error"] != nil else { throw VectorError("p256 has a result") }
    for kind in [PrimitiveSignature.Kind.p256, .webAuthn] {
      do {
        _ = try await VectorSigner.make(kind, privateKey: key).signSecp256k1(digest)
        throw VectorError("\(kind) signed a v1 voucher")
      } catch TempoError.signature(.unsupportedKind) {}
    }
  }

  private func verify(_ vector: VectorCase) throws {
    try vector.expectMembers([
      "name", "chainId", "escrowContract", "channelId", "cumulativeAmount", "signature", "expectedSigner",
      "valid",
    ])
    let (voucher, domain) = try voucher(vector)
    let check = {
      try voucher.verify(
        signature: try vector.bytes("signature"), domain: domain,
        signer: try Reading.address(vector["expectedSigner"]))
    }
    if try vector.bool("valid") { try check() } else { try Tally.expectRejected(vector.name, check) }
  }
}
