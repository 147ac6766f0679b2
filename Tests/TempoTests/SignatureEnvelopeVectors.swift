import EVM
import MPPCore
import Tempo
import TestSupport
import Testing

@Suite struct SignatureEnvelopeVectors {
  @Test func signatureEnvelopeFile() throws {
    let file = try VectorFile.load("signature-envelope.json")
    try file.expectGroups(["envelopes", "deserialize"])
    var tally = Tally(file)
    for vector in try file.group("envelopes") { tally.run(vector) { try envelope(vector) } }
    for vector in try file.group("deserialize") {
      tally.run(vector) {
        let bytes = try vector.bytes("serialized")
        guard vector["result"] != nil, !isRejectedByNode(bytes) else {
          try Tally.expectRejected { try SignatureEnvelope(parsing: bytes) }
          return
        }
        let envelope = try SignatureEnvelope(parsing: bytes)
        guard case .secp256k1(let signature) = envelope else { throw VectorError("kind") }
        // What is left are parity bytes 0/1: read, and written as 27/28.
        try Tally.expect(envelope.serialized.dropLast(), bytes.dropLast(), "r and s")
        try Tally.expect(envelope.serialized.last, signature.yParity + 27, "v")
      }
    }
    try tally.finish()
  }

  /// What the reference parses and no node accepts (`Vectors/README.md`).
  private func isRejectedByNode(_ bytes: [UInt8]) -> Bool {
    let isZero = bytes.allSatisfy { $0 == 0 }
    let isVersion1 = bytes.first == 0x03 && bytes.count != 65
    let isNested = bytes.first == 0x04 && bytes.count > 86 && bytes[21] == 0x04
    let hasTrailer = bytes.count > 65 && bytes.suffix(32).allSatisfy { $0 == 0x77 }
    let hasOddRecovery = bytes.count == 65 && bytes[64] == 0x23
    return isZero || isVersion1 || isNested || hasTrailer || hasOddRecovery
  }

  private func envelope(_ vector: VectorCase) throws {
    let digest = try Reading.hash(vector["payload"])
    let bytes = try vector.bytes("serialized")
    let envelope = try SignatureEnvelope(parsing: bytes)
    try Tally.expect(envelope.serialized, bytes, "serialized")
    guard Reading.equals(envelope.rpcForm, try vector.require("rpc")) else {
      throw VectorError("JSON-RPC form \(envelope.rpcForm)")
    }
    if vector["serializedWithMagic"] != nil {
      try Tally.expectRejected("trailer") {
        try SignatureEnvelope(parsing: try vector.bytes("serializedWithMagic"))
      }
    }
    guard case .keychain(let keychain) = envelope else {
      let primitive = try PrimitiveSignature(parsing: bytes)
      try check(primitive, digest, signer: try Reading.address(vector["address"]))
      return
    }
    try Tally.expect(keychain.account, try Reading.address(vector["userAddress"]), "account")
    let inner = KeychainSignature.innerDigest(digest, account: keychain.account)
    try Tally.expect(inner, try Reading.hash(vector["innerPayload"]), "inner payload")
    try check(keychain.inner, inner, signer: try Reading.address(vector["accessKeyAddress"]))
  }

  private func check(_ signature: PrimitiveSignature, _ digest: Hash32, signer: Address) throws {
    try Tally.expect(try signature.claimedSigner(of: digest), signer, "claimed signer")
    guard case .webAuthn(let assertion) = signature else {
      try Tally.expect(try signature.signer(of: digest), signer, "signer")
      return
    }
    let data = try JSONValue(parsing: assertion.clientDataJSON)
    guard
      assertion.isValid(
        for: digest, type: data["type"]?.stringValue ?? "", challenge: data["challenge"]?.stringValue ?? "")
    else { throw VectorError("assertion does not verify") }
    try Tally.expectRejected("without JSON") { try signature.signer(of: digest) }
  }
}
