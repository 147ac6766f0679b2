import EVM
import Testing

@Suite struct P256Tests {
  let key: P256PrivateKey
  let digest = Keccak256.hash(utf8: "message")

  init() throws { key = try P256PrivateKey([UInt8](repeating: 7, count: 32)) }

  @Test func signsLowSAndVerifies() throws {
    for index in 0..<40 {
      let digest = Keccak256.hash(utf8: "\(index)")
      let prehash = index % 2 == 1
      let signature = try key.sign(digest, prehash: prehash)
      #expect(!signature.isHighS)
      #expect(key.publicKey.verify(digest, signature, prehash: prehash))
      #expect(!key.publicKey.verify(digest, signature, prehash: !prehash))
      #expect(!key.publicKey.verify(.zero, signature, prehash: prehash))
    }
  }

  @Test func highSFails() throws {
    let signature = try key.sign(digest)
    let high = try P256Signature(
      r: signature.r, s: UInt256(P256Signature.order).subtracting(UInt256(signature.s)).word)
    #expect(high.isHighS)
    #expect(!key.publicKey.verify(digest, high))
    #expect(try high.normalized() == signature)
  }

  @Test func numbersOutOfRangeAreRefused() throws {
    let good = try key.sign(digest)
    for bad in [Hash32.zero, P256Signature.order, UInt256.max.word] {
      #expect(throws: EVMError.signatureOutOfRange) { try P256Signature(r: bad, s: good.s) }
      #expect(throws: EVMError.signatureOutOfRange) { try P256Signature(r: good.r, s: bad) }
      #expect(throws: EVMError.invalidPrivateKey) { try P256PrivateKey(bad.bytes) }
    }
    #expect(throws: EVMError.invalidLength(expected: 32, actual: 31)) {
      try P256PrivateKey([UInt8](repeating: 1, count: 31))
    }
    let half = UInt256(P256Signature.halfOrder)
    #expect(try half.adding(half).adding(1).word == P256Signature.order)
  }

  @Test func keysMustBeOnTheCurve() throws {
    let publicKey = key.publicKey
    #expect(try P256PublicKey(x: publicKey.x, y: publicKey.y) == publicKey)
    #expect(throws: EVMError.invalidPublicKey) { try P256PublicKey(x: publicKey.y, y: publicKey.x) }
    #expect(throws: EVMError.invalidPublicKey) { try P256PublicKey(x: .zero, y: .zero) }
    #expect(throws: EVMError.invalidPublicKey) { try P256PublicKey(x: UInt256.max.word, y: publicKey.y) }
  }

  @Test func secretsAreNotPrinted() {
    var dumped = ""
    dump(key, to: &dumped)
    for text in ["\(key)", String(reflecting: key), dumped] { #expect(!text.contains("0707")) }
  }
}
