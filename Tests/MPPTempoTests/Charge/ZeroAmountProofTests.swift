import EVM
import MPPTempo
import Tempo
import Testing

@Suite struct ZeroAmountProofTests {
  private let key: Secp256k1PrivateKey
  private let other: Secp256k1PrivateKey
  private let proof: ZeroAmountProof

  init() throws {
    key = try Secp256k1PrivateKey([UInt8](repeating: 1, count: 32))
    other = try Secp256k1PrivateKey([UInt8](repeating: 2, count: 32))
    proof = ZeroAmountProof(
      account: key.address, chainID: TempoChain.moderato, challengeID: "kM9xPqWvT2nJrHsY4aDfEb",
      realm: "api.example.com")
  }

  /// `06` §1.10
  @Test func theDigestIsThatOfTheOtherImplementations() throws {
    #expect(
      ZeroAmountProof.typeHash.hex == "0x2b28baf137d62921565067a537df5458031448411120925bd6f753e0dcd50683")
    #expect(proof.digest.hex == "0x3860a700a55e02ad3c2dc047e92489feceecbdb0a801d948e1d9f0b61ea9bc3f")
    #expect(
      Hex.encode(key.sign(proof.digest).bytes65)
        == "0x53f5d64d9f995e841b4212639b2e17e508e96752e10316df3814a16443dcbdb626c082190a4c3ecc3148101eb443d15bd83b579380b1be735a9c99f0df36c9fe1b"
    )
  }

  @Test func theDigestBindsAccountChainChallengeAndRealm() {
    let variants = [
      ZeroAmountProof(
        account: other.address, chainID: proof.chainID, challengeID: proof.challengeID, realm: proof.realm),
      ZeroAmountProof(
        account: proof.account, chainID: 1, challengeID: proof.challengeID, realm: proof.realm),
      ZeroAmountProof(account: proof.account, chainID: proof.chainID, challengeID: "", realm: proof.realm),
      ZeroAmountProof(
        account: proof.account, chainID: proof.chainID, challengeID: proof.challengeID, realm: ""),
    ]
    #expect(Set((variants + [proof]).map(\.digest)).count == 5)
  }

  @Test func aWrapperOfTheFirstVersionIsReadAndOneForAnotherAccountIsNot() throws {
    let inner = other.sign(proof.digest).bytes65
    #expect(try proof.verify(signature: [3] + key.address.bytes + inner) == .accessKey(other.address))
    #expect(throws: TempoError.rule(.signerMismatch)) {
      try proof.verify(signature: [3] + other.address.bytes + inner)
    }
    let bound = KeychainSignature.innerDigest(proof.digest, account: other.address)
    #expect(throws: TempoError.rule(.signerMismatch)) {
      try proof.verify(signature: [4] + other.address.bytes + other.sign(bound).bytes65)
    }
  }

  @Test func theAccountItselfIsNotItsAccessKey() throws {
    let bound = KeychainSignature.innerDigest(proof.digest, account: key.address)
    #expect(throws: TempoError.rule(.signerMismatch)) {
      try proof.verify(signature: [4] + key.address.bytes + key.sign(bound).bytes65)
    }
  }

  @Test func highSAndTrailersAreRefused() throws {
    let signature = key.sign(proof.digest)
    let high = try UInt256(Secp256k1.order).subtracting(UInt256(signature.s)).word
    #expect(throws: TempoError.signature(.highS)) {
      try proof.verify(signature: signature.r.bytes + high.bytes + [28 - signature.yParity])
    }
    for bytes in [signature.bytes65 + [UInt8](repeating: 0x77, count: 32), signature.bytes65 + [0], []] {
      #expect(throws: TempoError.self) { try proof.verify(signature: bytes) }
    }
  }

  @Test func anotherAccountsSignatureNamesAKeyThatTheChainDoesNotKnow() throws {
    #expect(try proof.verify(signature: other.sign(proof.digest).bytes65) == .accessKey(other.address))
  }
}
