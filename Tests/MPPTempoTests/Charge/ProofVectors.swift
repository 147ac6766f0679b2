import EVM
import MPPCore
import MPPTempo
import Tempo
import TestSupport
import Testing

@Suite struct ProofVectors {
  @Test func proofFile() async throws {
    var tally = try Tally(.proof)
    try await tally.eachAsync("sign", sign)
    try tally.each("parseSource", parseSource)
    try tally.finish()
  }

  private func sign(_ vector: VectorCase) async throws {
    try vector.expectMembers([
      "privateKey", "account", "chainId", "challengeId", "realm", "digest", "signature", "source", "p256",
      "webAuthn", "accessKey",
    ])
    let key = try vector.bytes("privateKey")
    let source = try vector.string("source")
    try await check(vector, vector.value, .make("secp256k1", privateKey: key), source: source)
    for kind in ["p256", "webAuthn"] {
      try await check(vector, try vector.require(kind), .make(kind, privateKey: key), source: nil)
    }
    try await accessKey(vector, try vector.require("accessKey"))
  }

  /// A proof by the account's own key.
  private func check(
    _ vector: VectorCase, _ expected: JSONValue, _ signer: TempoSigner, source: String?
  ) async throws {
    let proof = try proof(vector, account: try VectorSigner.address(expected["account"]))
    try Tally.expect(proof.digest.hex, expected["digest"]?.stringValue, "digest")
    try Tally.expect(signer.account, proof.account, "account")
    let theirs = try Hex.decode(expected["signature"]?.stringValue ?? "")
    try Tally.expect(try proof.verify(signature: theirs), .account, "signer")
    let ours = try await ZeroAmountProof.sign(
      chainID: proof.chainID, challengeID: proof.challengeID, realm: proof.realm, by: signer)
    try Tally.expect(try proof.verify(signature: ours.signature), .account, "our signer")
    try Tally.expect(
      try VectorSigner.fixedPart(ours.signature), try VectorSigner.fixedPart(theirs), "signature")
    if let source { try Tally.expect(ours.source.text, source, "source") }
  }

  /// A proof by an access key of the account: wrapped, as the reference sends it, and bare.
  private func accessKey(_ vector: VectorCase, _ expected: JSONValue) async throws {
    let root = try VectorSigner.address(expected["rootAccount"])
    let proof = try proof(vector, account: root)
    try Tally.expect(proof.digest.hex, expected["digest"]?.stringValue, "digest")
    let signer = try VectorSigner.make(
      "secp256k1", privateKey: try Hex.decode(expected["accessPrivateKey"]?.stringValue ?? "")
    ).asAccessKey(of: root)
    let key = try VectorSigner.address(expected["accessKeyAddress"])
    try Tally.expect(signer.keyAddress, key, "access key")
    let ours = try await ZeroAmountProof.sign(
      chainID: proof.chainID, challengeID: proof.challengeID, realm: proof.realm, by: signer)
    try Tally.expect(
      ours.signature, try Hex.decode(expected["signature"]?.stringValue ?? ""), "signature")
    try Tally.expect(ours.source, proof.source, "source")
    try Tally.expect(try proof.verify(signature: ours.signature), .accessKey(key), "signer")
    let bare = try await signer.sign(proof.digest).serialized
    try Tally.expect(try proof.verify(signature: bare), .accessKey(key), "bare signer")
  }

  private func proof(_ vector: VectorCase, account: Address) throws -> ZeroAmountProof {
    ZeroAmountProof(
      account: account, chainID: try VectorSigner.chainID(vector["chainId"]),
      challengeID: try vector.string("challengeId"), realm: try vector.string("realm"))
  }

  private func parseSource(_ vector: VectorCase) throws {
    try vector.expectMembers(["source", "result"])
    let text = try vector.string("source")
    let source = AccountSource(strict: UnverifiedSource(text))
    let expected = try vector.require("result")
    guard !expected.isNull else {
      try Tally.expect(source, nil, text)
      return
    }
    try Tally.expect(source?.address, try VectorSigner.address(expected["address"]), "address")
    try Tally.expect(source?.chainID, try VectorSigner.chainID(expected["chainId"]), "chainId")
    try Tally.expect([source?.text, source?.lowerCaseText].contains(text), true, "written again")
  }
}

extension TempoSigner {
  fileprivate static func make(_ type: String, privateKey: [UInt8]) throws -> TempoSigner {
    try VectorSigner.make(type, privateKey: privateKey)
  }
}
