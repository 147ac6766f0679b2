import EVM
import MPPCore
import TestSupport
import Testing

/// The groups of `primitives.json` that belong to this module. The others (`hmac`, `base64Decode`, and the SHA-256
/// and base64 columns of `hashes`) are tested with `MPPCore`.
@Suite struct PrimitivesVectorTests {
  private let file: VectorFile

  init() throws {
    file = try VectorFile.load("primitives.json")
    try file.expectGroups([
      "hashes", "hmac", "rlp", "rlpDecode", "keys", "signatures", "p256", "base64Decode",
    ])
  }

  /// Runs every case of a group; prints and checks the count.
  private func run(
    _ group: String, members: Set<String>, _ body: (VectorCase) throws -> Void
  ) throws {
    var tally = Tally(file)
    let cases = try file.group(group)
    for vector in cases {
      tally.run(vector) {
        try vector.expectMembers(members)
        try body(vector)
      }
    }
    print(group, terminator: " of ")
    try tally.finish()
    #expect(tally.passed == cases.count)
  }

  @Test func hashes() throws {
    try run("hashes", members: ["utf8", "keccak256", "sha256", "base64url", "base64"]) { vector in
      try Tally.expect(Keccak256.hash(utf8: vector.string("utf8")).hex, vector.string("keccak256"))
    }
  }

  @Test func rlp() throws {
    try run("rlp", members: ["value", "encoded"]) { vector in
      let item = try rlpItem(vector.require("value"))
      let encoded = try vector.bytes("encoded")
      try Tally.expect(RLP.encode(item), encoded)
      try Tally.expect(RLP.decode(encoded), item)
    }
  }

  /// The reference decodes more than the encoder writes; we take exactly the canonical encodings among the cases,
  /// with the value of the reference, and refuse the rest.
  @Test func rlpDecode() throws {
    try run("rlpDecode", members: ["encoded", "result", "error"]) { vector in
      let encoded = try vector.bytes("encoded")
      let result = try vector["result"].map(rlpItem)
      if let result, RLP.encode(result) == encoded {
        try Tally.expect(RLP.decode(encoded), result)
      } else {
        try Tally.expectRejected(vector.label) { try RLP.decode(encoded) }
      }
    }
  }

  @Test func keys() throws {
    try run("keys", members: ["privateKey", "secp256k1", "p256"]) { vector in
      let secret = try vector.bytes("privateKey")
      let key = try Secp256k1PrivateKey(secret)
      try expectKey(vector, "secp256k1", point: key.publicKey.uncompressed, address: key.address)
      let passkey = try P256PrivateKey(secret)
      let point = passkey.publicKey.x.bytes + passkey.publicKey.y.bytes
      try expectKey(vector, "p256", point: point, address: passkey.address)
    }
  }

  @Test func signatures() throws {
    try run("signatures", members: ["privateKey", "payload", "signature", "address"]) { vector in
      let key = try Secp256k1PrivateKey(vector.bytes("privateKey"))
      let digest = try Hash32(vector.bytes("payload"))
      let signature = key.sign(digest)
      try Tally.expect(signature.bytes65, vector.bytes("signature"))
      try Tally.expect(RecoverableSignature(bytes65: vector.bytes("signature")), signature)
      let recovered = try Secp256k1.recover(digest, signature)
      try Tally.expect(recovered.address, Address(hex: vector.string("address")))
      try Tally.expect(Secp256k1.verify(digest, signature, key: key.publicKey), true)
    }
  }

  /// The signatures of the file are deterministic. Ours have a random nonce, so they are not compared: the file's
  /// must verify, in their own form only, and so must ours.
  @Test func p256() throws {
    try run("p256", members: ["privateKey", "payload", "hash", "r", "s"]) { vector in
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
