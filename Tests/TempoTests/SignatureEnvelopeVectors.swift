import EVM
import MPPCore
import Tempo
import TestSupport
import Testing

@Suite struct SignatureEnvelopeVectors {
  @Test func signatureEnvelopeFile() async throws {
    var tally = try Tally(.signatureEnvelope)
    try await tally.eachAsync("envelopes", envelope)
    try tally.each("deserialize", deserialize)
    try tally.finish()
  }

  private func deserialize(_ vector: VectorCase) throws {
    try vector.expectMembers(["serialized", "result", "error"])
    let bytes = try vector.bytes("serialized")
    if vector["result"] != nil, Self.isRejectedByNode(bytes) { vector.differs(.envelopeRefusedByNode) }
    guard let result = vector["result"], !Self.isRejectedByNode(bytes) else {
      try Tally.expectRejected { try SignatureEnvelope(parsing: bytes) }
      if bytes.first == 0x03, bytes.count > 65, vector["result"] != nil {
        // Read where an old proof may carry it, and only there.
        let old = try KeychainSignature(parsing: bytes)
        try Tally.expect("\(old.version)", vector["result"]?["version"]?.stringValue, "version")
        try Tally.expect(old.serialized, bytes, "serialized")
      }
      return
    }
    let envelope = try SignatureEnvelope(parsing: bytes)
    try expectFields(envelope, result)
    guard case .secp256k1(let signature) = envelope, bytes.count == 65, bytes[64] <= 1 else {
      try Tally.expect(envelope.serialized, bytes, "serialized")
      return
    }
    // Parity bytes 0/1 are read, and written as 27/28.
    try Tally.expect(envelope.serialized.dropLast(), bytes.dropLast(), "r and s")
    try Tally.expect(envelope.serialized.last, signature.yParity + 27, "v")
  }

  /// What the reference parses and no node accepts (`Vectors/README.md`): scalars of zero, a recovery byte beside
  /// 0, 1, 27 and 28, version 1 of the key chain, one key chain in another, the trailer.
  static func isRejectedByNode(_ bytes: [UInt8]) -> Bool {
    guard bytes.count != 65 else {
      let scalars = [bytes[..<32], bytes[32..<64]]
      return ![0, 1, 27, 28].contains(bytes[64]) || scalars.contains { $0.allSatisfy { $0 == 0 } }
    }
    if bytes.count > 65, bytes.suffix(32).allSatisfy({ $0 == 0x77 }) { return true }
    guard bytes.first == 0x04, bytes.count > 21 else { return bytes.first == 0x03 }
    let inner = Array(bytes[21...])
    return (inner.first == 0x04 && inner.count != 65) || isRejectedByNode(inner)
  }

  private func envelope(_ vector: VectorCase) async throws {
    try vector.expectMembers([
      "kind", "privateKey", "payload", "serialized", "serializedWithMagic", "envelope", "address", "rpc",
      "userAddress", "innerPayload", "accessKeyAddress",
    ])
    let digest = try Reading.hash(vector["payload"])
    let bytes = try vector.bytes("serialized")
    let envelope = try SignatureEnvelope(parsing: bytes)
    try Tally.expect(envelope.serialized, bytes, "serialized")
    try expectFields(envelope, try vector.require("envelope"))
    guard Reading.equals(envelope.rpcForm, try vector.require("rpc")) else {
      throw VectorError("JSON-RPC form \(envelope.rpcForm)")
    }
    try Tally.expect(
      try SignatureEnvelope(rpcForm: try Reading.rpc(try vector.require("rpc"))), envelope, "from JSON-RPC")
    if vector["serializedWithMagic"] != nil {
      try Tally.expectRejected("trailer") {
        try SignatureEnvelope(parsing: try vector.bytes("serializedWithMagic"))
      }
    }
    let (name, account) = try self.kind(vector)
    var signer = try VectorSigner.make(
      try VectorSigner.kind(name), privateKey: try vector.bytes("privateKey"))
    if let account { signer = signer.asAccessKey(of: account) }
    let ours = try await signer.signForAccount(digest)
    try Tally.expect(try ours.recover(digest), try envelope.recover(digest), "sender")
    guard case .keychain(let keychain) = envelope, case .keychain(let oursWrapped) = ours else {
      let primitive = try PrimitiveSignature(parsing: bytes)
      try check(primitive, digest, signer: try Reading.address(vector["address"]))
      try VectorSigner.expectSame(try PrimitiveSignature(parsing: ours.serialized), primitive)
      return
    }
    try Tally.expect(keychain.account, account, "account")
    let inner = keychain.innerDigest(digest)
    try Tally.expect(inner, try Reading.hash(vector["innerPayload"]), "inner payload")
    try check(keychain.inner, inner, signer: try Reading.address(vector["accessKeyAddress"]))
    try VectorSigner.expectSame(oursWrapped.inner, keychain.inner)
  }

  /// The kind of key, and the account when the key is an access key.
  private func kind(_ vector: VectorCase) throws -> (String, Address?) {
    let text = try vector.string("kind")
    let prefix = "keychain v2 ("
    guard text.hasPrefix(prefix), text.hasSuffix(")") else { return (text, nil) }
    return (String(text.dropFirst(prefix.count).dropLast()), try Reading.address(vector["userAddress"]))
  }

  private func check(_ signature: PrimitiveSignature, _ digest: Hash32, signer: Address) throws {
    try Tally.expect(try signature.claimedSigner(of: digest), signer, "claimed signer")
    try Tally.expect(try signature.signer(of: digest), signer, "signer")
    // secp256k1 recovers some other address from another digest; the curves that carry their key do not.
    let other = Keccak256.hash(digest.bytes)
    if signature.kind == .secp256k1 {
      try Tally.expect(try signature.signer(of: other) == signer, false, "signer of another digest")
    } else {
      try Tally.expectRejected("another digest") { try signature.signer(of: other) }
    }
  }

  /// The decoded form of the reference: integers are decimal.
  private func expectFields(_ envelope: SignatureEnvelope, _ expected: JSONValue) throws {
    switch envelope {
    case .keychain(let signature):
      try Tally.expect("keychain", expected["type"]?.stringValue, "type")
      try Tally.expect("\(signature.version)", expected["version"]?.stringValue, "version")
      try Tally.expect(signature.account, try Reading.address(expected["userAddress"]), "account")
      guard let inner = expected["inner"] else { throw VectorError("no inner signature") }
      try expectFields(SignatureEnvelope(signature.inner), inner)
    case .secp256k1(let signature):
      try Tally.expect("secp256k1", expected["type"]?.stringValue, "type")
      try expectScalars(signature.r, signature.s, expected)
      try Tally.expect(Int64(signature.yParity), expected["signature"]?["yParity"]?.intValue, "yParity")
    case .p256(let signature):
      try Tally.expect("p256", expected["type"]?.stringValue, "type")
      try expectScalars(signature.r, signature.s, expected)
      try expectKey(signature.x, signature.y, expected)
      try Tally.expect(signature.prehash, expected["prehash"]?.boolValue, "prehash")
    case .webAuthn(let signature):
      try Tally.expect("webAuthn", expected["type"]?.stringValue, "type")
      try expectScalars(signature.r, signature.s, expected)
      try expectKey(signature.x, signature.y, expected)
      let data = expected["metadata"]
      try Tally.expect(
        signature.authenticatorData, try Reading.bytes(data?["authenticatorData"]), "authenticatorData")
      try Tally.expect(
        String(decoding: signature.clientDataJSON, as: UTF8.self), data?["clientDataJSON"]?.stringValue,
        "clientDataJSON")
    }
  }

  private func expectScalars(_ r: Hash32, _ s: Hash32, _ expected: JSONValue) throws {
    try Tally.expect(UInt256(r), try Reading.uint256(expected["signature"]?["r"]), "r")
    try Tally.expect(UInt256(s), try Reading.uint256(expected["signature"]?["s"]), "s")
  }

  private func expectKey(_ x: Hash32, _ y: Hash32, _ expected: JSONValue) throws {
    try Tally.expect(4, expected["publicKey"]?["prefix"]?.intValue, "prefix")
    try Tally.expect(UInt256(x), try Reading.uint256(expected["publicKey"]?["x"]), "x")
    try Tally.expect(UInt256(y), try Reading.uint256(expected["publicKey"]?["y"]), "y")
  }
}
