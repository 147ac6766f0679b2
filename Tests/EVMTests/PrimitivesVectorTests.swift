import EVM
import MPPCore
import TestSupport
import Testing

/// The groups of `primitives.json` that belong to this module. The others (`hmac`, `base64Decode`, and the SHA-256
/// and base64 columns of `hashes`) are tested with `MPPCore`.
@Suite struct PrimitivesVectorTests {
  @Test func primitivesFile() throws {
    var tally = try Tally(.primitivesEVM)
    try tally.each("hashes", hashes)
    try tally.each("rlp", rlp)
    try tally.each("rlpDecode", rlpDecode)
    try tally.each("keys", keys)
    try tally.each("signatures", signatures)
    try tally.each("p256", p256)
    try tally.finish()
  }

  private func hashes(_ vector: VectorCase) throws {
    try vector.expectMembers(["utf8", "keccak256", "sha256", "base64url", "base64"])
    try Tally.expect(Keccak256.hash(utf8: vector.string("utf8")).hex, vector.string("keccak256"))
  }

  private func rlp(_ vector: VectorCase) throws {
    try vector.expectMembers(["value", "encoded"])
    let item = try rlpItem(vector.require("value"))
    let encoded = try vector.bytes("encoded")
    try Tally.expect(RLP.encode(item), encoded)
    try Tally.expect(RLP.decode(encoded), item)
  }

  /// The reference decodes more than the encoder writes; we take exactly the canonical encodings among the cases,
  /// with the value of the reference, and refuse the rest.
  private func rlpDecode(_ vector: VectorCase) throws {
    try vector.expectMembers(["encoded", "result", "error"])
    let encoded = try vector.bytes("encoded")
    let result = try vector["result"].map(rlpItem)
    if let result, RLP.encode(result) == encoded {
      try Tally.expect(RLP.decode(encoded), result)
    } else {
      if result != nil { vector.differs(.rlpNotCanonical) }
      try Tally.expectRejected(vector.label) { try RLP.decode(encoded) }
    }
  }

  private func keys(_ vector: VectorCase) throws {
    try vector.expectMembers(["privateKey", "secp256k1", "p256"])
    let secret = try vector.bytes("privateKey")
    let key = try Secp256k1PrivateKey(secret)
    try expectKey(vector, "secp256k1", point: key.publicKey.uncompressed, address: key.address)
    let passkey = try P256PrivateKey(secret)
    let point = passkey.publicKey.x.bytes + passkey.publicKey.y.bytes
    try expectKey(vector, "p256", point: point, address: passkey.address)
  }

  private func signatures(_ vector: VectorCase) throws {
    try vector.expectMembers(["privateKey", "payload", "signature", "address"])
    let key = try Secp256k1PrivateKey(vector.bytes("privateKey"))
    let digest = try Hash32(vector.bytes("payload"))
    let signature = key.sign(digest)
    try Tally.expect(signature.bytes65, vector.bytes("signature"))
    try Tally.expect(RecoverableSignature(bytes65: vector.bytes("signature")), signature)
    let recovered = try Secp256k1.recover(digest, signature)
    try Tally.expect(recovered.address, Address(hex: vector.string("address")))
    try Tally.expect(Secp256k1.verify(digest, signature, key: key.publicKey), true)
  }

  /// The signatures of the file are deterministic. Ours have a random nonce, so they are not compared: the file's
  /// must verify, in their own form only, and so must ours.
  private func p256(_ vector: VectorCase) throws {
    try vector.expectMembers(["privateKey", "payload", "hash", "r", "s"])
    let key = try P256PrivateKey(vector.bytes("privateKey"))
    let digest = try Hash32(vector.bytes("payload"))
    let prehash = try vector.bool("hash")
    let signature = try P256Signature(r: Hash32(vector.bytes("r")), s: Hash32(vector.bytes("s")))
    try Tally.expect(signature.isHighS, false)
    try Tally.expect(key.publicKey.verify(digest, signature, prehash: prehash), true)
    try Tally.expect(key.publicKey.verify(digest, signature, prehash: !prehash), false)
    try Tally.expect(
      key.publicKey.verify(digest, key.sign(digest, prehash: prehash), prehash: prehash), true)
  }

  private func expectKey(_ vector: VectorCase, _ name: String, point: [UInt8], address: Address) throws {
    let expected = VectorCase(label: vector.label, value: try vector.require(name))
    try Tally.expect([4] + point, expected.bytes("publicKey"), name)
    try Tally.expect(address.checksummed, expected.string("address"), name)
    try Tally.expect(Address(checksummed: expected.string("address")), address, name)
  }

  private func rlpItem(_ value: JSONValue) throws -> RLPItem {
    if let text = value.stringValue { return .bytes(try hex(text)) }
    guard let members = value.arrayValue else { throw VectorError("neither text nor list") }
    return .list(try members.map(rlpItem))
  }
}
