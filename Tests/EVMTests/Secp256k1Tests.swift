import EVM
import Testing

@Suite struct Secp256k1Tests {
  let key: Secp256k1PrivateKey
  let other: Secp256k1PrivateKey
  let digest = Keccak256.hash(utf8: "voucher")

  init() throws {
    key = try Secp256k1PrivateKey([UInt8](repeating: 7, count: 32))
    other = try Secp256k1PrivateKey([UInt8](repeating: 8, count: 32))
  }

  /// What `verify` must agree with: the recovered address is the signer's.
  private func recovers(_ digest: Hash32, _ signature: RecoverableSignature, _ address: Address) -> Bool {
    do { return try Secp256k1.recover(digest, signature).address == address } catch { return false }
  }

  @Test func signsDeterministicallyWithLowS() throws {
    for index in 0..<200 {
      let digest = Keccak256.hash(utf8: "message \(index)")
      let signature = key.sign(digest)
      #expect(signature == key.sign(digest))
      #expect(!signature.isHighS)
      #expect(try Secp256k1.recover(digest, signature) == key.publicKey)
      #expect(Secp256k1.verify(digest, signature, key: key.publicKey))
    }
  }

  @Test func verifyIsThePredicateOfRecoveryForEveryDamage() throws {
    let bytes = key.sign(digest).bytes65
    var (cases, accepted) = (0, 0)
    for position in 0..<64 {
      for bit in 0..<8 {
        var damaged = bytes
        damaged[position] ^= 1 << UInt8(bit)
        guard let signature = try? RecoverableSignature(bytes65: damaged) else { continue }
        let valid = Secp256k1.verify(digest, signature, key: key.publicKey)
        #expect(valid == recovers(digest, signature, key.address))
        accepted += valid ? 1 : 0
        cases += 1
      }
    }
    #expect(accepted == 0)
    #expect(cases > 500)
    print("secp256k1 damage: \(cases) passed, 0 failed")
  }

  @Test func wrongRecoveryIDFails() throws {
    for index in 0..<50 {
      let digest = Keccak256.hash(utf8: "parity \(index)")
      let signature = key.sign(digest)
      let flipped = try RecoverableSignature(
        r: signature.r, s: signature.s, yParity: 1 - signature.yParity)
      #expect(!Secp256k1.verify(digest, flipped, key: key.publicKey))
      #expect(try Secp256k1.recover(digest, flipped).address != key.address)
    }
  }

  @Test func highSFailsEvenThoughItRecovers() throws {
    let signature = key.sign(digest)
    let high = try UInt256(Secp256k1.order).subtracting(UInt256(signature.s)).word
    for parity in [UInt8(0), 1] {
      let malleated = try RecoverableSignature(r: signature.r, s: high, yParity: parity)
      #expect(malleated.isHighS)
      #expect(!Secp256k1.verify(digest, malleated, key: key.publicKey))
      #expect(throws: EVMError.highS) { try Secp256k1.recover(digest, malleated) }
    }
  }

  @Test func halfOrderIsTheLastLowS() throws {
    let next = try UInt256(Secp256k1.halfOrder).adding(1).word
    #expect(!Secp256k1.isHighS(Secp256k1.halfOrder))
    #expect(Secp256k1.isHighS(next))
    #expect(
      try UInt256(Secp256k1.halfOrder).adding(UInt256(Secp256k1.halfOrder)).adding(1).word == Secp256k1.order)
  }

  @Test func zeroAndOrderAreNoScalars() throws {
    let good = key.sign(digest)
    let last = try UInt256(Secp256k1.order).subtracting(1).word
    for bad in [Hash32.zero, Secp256k1.order, UInt256.max.word] {
      #expect(throws: EVMError.signatureOutOfRange) {
        try RecoverableSignature(r: bad, s: good.s, yParity: 0)
      }
      #expect(throws: EVMError.signatureOutOfRange) {
        try RecoverableSignature(r: good.r, s: bad, yParity: 0)
      }
      #expect(throws: EVMError.signatureOutOfRange) {
        try RecoverableSignature(bytes65: bad.bytes + good.s.bytes + [27])
      }
      #expect(throws: EVMError.invalidPrivateKey) { try Secp256k1PrivateKey(bad.bytes) }
    }
    #expect(try RecoverableSignature(r: last, s: last, yParity: 0).isHighS)
    #expect(try Secp256k1PrivateKey(last.bytes).sign(digest).isHighS == false)
  }

  /// x = 5 is on no point of the curve, so there is no R and no key.
  @Test func rWithoutPointIsUnrecoverable() throws {
    let r = UInt256(5 as UInt64).word
    let signature = try RecoverableSignature(r: r, s: UInt256(1 as UInt64).word, yParity: 0)
    #expect(throws: EVMError.unrecoverable) { try Secp256k1.recover(digest, signature) }
    #expect(!Secp256k1.verify(digest, signature, key: key.publicKey))
  }

  /// With s·R = z·G the recovered key would be the point at infinity: R = G, s = z.
  @Test func infinityIsUnrecoverable() throws {
    let one = try Secp256k1PrivateKey(UInt256(1 as UInt64).bytes32).publicKey
    let r = try Hash32(one.uncompressed.prefix(32))
    let parity = try #require(one.uncompressed.last) & 1
    let z = UInt256(12345 as UInt64).word
    let signature = try RecoverableSignature(r: r, s: z, yParity: parity)
    #expect(throws: EVMError.unrecoverable) { try Secp256k1.recover(z, signature) }
    #expect(!Secp256k1.verify(z, signature, key: one))
    #expect(!Secp256k1.verify(z, signature, key: key.publicKey))
  }

  @Test func lengthAndLastByteAreStrict() throws {
    let bytes = key.sign(digest).bytes65
    for count in [0, 1, 63, 64, 66, 97, 130] {
      let wrong = Array((bytes + bytes).prefix(count))
      #expect(throws: EVMError.invalidLength(expected: 65, actual: count)) {
        try RecoverableSignature(bytes65: wrong)
      }
      #expect(throws: EVMError.invalidLength(expected: 65, actual: count)) {
        try RecoverableSignature(tolerantBytes65: wrong)
      }
    }
    for v in UInt8.min...UInt8.max {
      let text = bytes.dropLast() + [v]
      if v == 27 || v == 28 {
        #expect(try RecoverableSignature(bytes65: Array(text)).bytes65 == Array(text))
      } else {
        #expect(throws: EVMError.invalidRecoveryID(v)) { try RecoverableSignature(bytes65: Array(text)) }
      }
      if v <= 1 {
        #expect(try RecoverableSignature(tolerantBytes65: Array(text)).bytes65.last == v + 27)
      } else if v != 27, v != 28 {
        #expect(throws: EVMError.invalidRecoveryID(v)) {
          try RecoverableSignature(tolerantBytes65: Array(text))
        }
      }
    }
    #expect(throws: EVMError.invalidRecoveryID(2)) {
      try RecoverableSignature(r: key.sign(digest).r, s: key.sign(digest).s, yParity: 2)
    }
  }

  @Test func otherKeyOrOtherDigestFails() {
    let signature = key.sign(digest)
    #expect(!Secp256k1.verify(digest, signature, key: other.publicKey))
    #expect(!Secp256k1.verify(.zero, signature, key: key.publicKey))
    #expect(key.publicKey != other.publicKey)
  }

  @Test func extremeDigestsAreSigned() throws {
    for digest in [Hash32.zero, UInt256.max.word, Secp256k1.order] {
      #expect(Secp256k1.verify(digest, key.sign(digest), key: key.publicKey))
      #expect(try Secp256k1.recover(digest, key.sign(digest)).address == key.address)
    }
  }

  @Test func publicKeysComeFromBothForms() throws {
    let publicKey = key.publicKey
    #expect(publicKey.uncompressed.count == 64 && publicKey.compressed.count == 33)
    #expect(try Secp256k1PublicKey(uncompressed: publicKey.uncompressed) == publicKey)
    #expect(try Secp256k1PublicKey(compressed: publicKey.compressed) == publicKey)
    #expect(throws: EVMError.invalidPublicKey) {
      try Secp256k1PublicKey(uncompressed: [UInt8](repeating: 0, count: 64))
    }
    #expect(throws: EVMError.invalidPublicKey) {
      try Secp256k1PublicKey(uncompressed: publicKey.uncompressed.dropLast() + [0])
    }
    #expect(throws: EVMError.invalidPublicKey) {
      try Secp256k1PublicKey(compressed: [5] + publicKey.compressed.dropFirst())
    }
    #expect(throws: EVMError.invalidLength(expected: 64, actual: 65)) {
      try Secp256k1PublicKey(uncompressed: [4] + publicKey.uncompressed)
    }
  }

  @Test func secretsAreNotPrinted() {
    let secret = Hex.encodeUnprefixed(key.rawRepresentation)
    var dumped = ""
    dump(key, to: &dumped)
    dump(LocalSigner(key: key), to: &dumped)
    for text in ["\(key)", String(reflecting: key), "\(LocalSigner(key: key))", dumped] {
      #expect(!text.contains(secret))
      #expect(!text.contains("506381209746769671"))
    }
  }

  @Test func localSignerSignsTheDigest() async throws {
    let signer: any Signer = LocalSigner(key: key)
    #expect(signer.address == key.address)
    #expect(try await signer.sign(digest) == key.sign(digest).bytes65)
  }

  @Test func keysAreUsedByManyThreadsAtOnce() async {
    let failures = await withTaskGroup { group in
      for worker in 0..<8 {
        group.addTask { [key] in
          var failures = 0
          for index in 0..<20 {
            let digest = Keccak256.hash(utf8: "\(worker) \(index)")
            if !Secp256k1.verify(digest, key.sign(digest), key: key.publicKey) { failures += 1 }
          }
          return failures
        }
      }
      return await group.reduce(0, +)
    }
    #expect(failures == 0)
  }
}
