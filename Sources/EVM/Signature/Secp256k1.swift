internal import CSecp256k1

/// secp256k1 through the system library; all calls into C are in this file, and all exist in version 0.2.0.
public enum Secp256k1 {
  /// The order of the group.
  public static let order = Hash32(
    words: 0xffff_ffff_ffff_ffff, 0xffff_ffff_ffff_fffe, 0xbaae_dce6_af48_a03b, 0xbfd2_5e8c_d036_4141)
  /// n/2 rounded down: the largest `s` the chain takes.
  public static let halfOrder = Hash32(
    words: 0x7fff_ffff_ffff_ffff, 0xffff_ffff_ffff_ffff, 0x5d57_6e73_57a4_501d, 0xdfe9_2f46_681b_20a0)

  /// Whether `s` is above ``halfOrder``.
  public static func isHighS(_ s: Hash32) -> Bool { s > halfOrder }

  /// 1 … n−1.
  static func isScalar(_ value: Hash32) -> Bool { !value.isZero && value < order }

  /// The key that made this signature. Throws `highS` for the malleable form and `unrecoverable` when there
  /// is none.
  public static func recover(
    _ digest: Hash32, _ signature: RecoverableSignature
  ) throws(EVMError) -> Secp256k1PublicKey {
    guard !signature.isHighS else { throw EVMError.highS }
    guard let key = recoverParsed(digest, signature) else { throw EVMError.unrecoverable }
    return Secp256k1PublicKey(parsed: key)
  }

  /// Whether the signature is one the chain would attribute to `key`: low `s`, and the right recovery id.
  /// The same predicate as ``recover(_:_:)`` and a comparison of addresses.
  ///
  /// Plain ECDSA verification does not look at the recovery id, and nothing in the library tells the parity
  /// of R for less than a recovery costs. So this recovers, but compares curve points: no serialisation, no
  /// hash of the key, no heap.
  public static func verify(
    _ digest: Hash32, _ signature: RecoverableSignature, key: Secp256k1PublicKey
  ) -> Bool {
    guard !signature.isHighS, let recovered = recoverParsed(digest, signature) else { return false }
    return areEqual(recovered, key.parsed)
  }

  // MARK: - The library

  /// Immutable once made, and then shared by all threads.
  private struct Context: @unchecked Sendable {
    let pointer: OpaquePointer?

    init() {
      pointer = secp256k1_context_create(UInt32(SECP256K1_CONTEXT_SIGN | SECP256K1_CONTEXT_VERIFY))
      guard let pointer else { return }
      // Blinds the arithmetic with secrets against side channels; results do not depend on it.
      var generator = SystemRandomNumberGenerator()
      let seed = Hash32(words: generator.next(), generator.next(), generator.next(), generator.next())
      withBytes(seed) { bytes in _ = secp256k1_context_randomize(pointer, bytes) }
    }
  }

  private static let context = Context()

  private static func recoverParsed(_ digest: Hash32, _ signature: RecoverableSignature) -> secp256k1_pubkey?
  {
    guard let context = context.pointer else { return nil }
    var compact = InlineArray<8, UInt64>(repeating: 0)
    for index in 0..<4 {
      compact[index] = signature.r.words[index].bigEndian
      compact[index + 4] = signature.s.words[index].bigEndian
    }
    var parsed = secp256k1_ecdsa_recoverable_signature()
    var key = secp256k1_pubkey()
    let isParsed = compact.span.bytes.withUnsafeBytes { bytes in
      secp256k1_ecdsa_recoverable_signature_parse_compact(
        context, &parsed, bytes.assumingMemoryBound(to: UInt8.self).baseAddress!, Int32(signature.yParity))
    }
    guard isParsed == 1 else { return nil }
    let isRecovered = withBytes(digest) { secp256k1_ecdsa_recover(context, &key, &parsed, $0) }
    return isRecovered == 1 ? key : nil
  }

  static func areEqual(_ a: secp256k1_pubkey, _ b: secp256k1_pubkey) -> Bool {
    guard let context = context.pointer else { return false }
    return withUnsafePointer(to: a) { a in
      withUnsafePointer(to: b) { b in secp256k1_ec_pubkey_cmp(context, a, b) == 0 }
    }
  }

  /// A key from `0x04 ‖ X ‖ Y` or its compressed form; `nil` when it is not a point of the curve.
  static func parse(serialized bytes: [UInt8]) -> secp256k1_pubkey? {
    guard let context = context.pointer else { return nil }
    var key = secp256k1_pubkey()
    return secp256k1_ec_pubkey_parse(context, &key, bytes, bytes.count) == 1 ? key : nil
  }

  /// `0x04 ‖ X ‖ Y`, or the 33 bytes of the compressed form.
  static func serialize(_ key: secp256k1_pubkey, compressed: Bool) -> [UInt8] {
    guard let context = context.pointer else { return [] }
    let flags = UInt32(compressed ? SECP256K1_EC_COMPRESSED : SECP256K1_EC_UNCOMPRESSED)
    return withUnsafePointer(to: key) { key in
      [UInt8](unsafeUninitializedCapacity: 65) { buffer, count in
        count = 65
        _ = secp256k1_ec_pubkey_serialize(context, buffer.baseAddress!, &count, key, flags)
      }
    }
  }

  /// The public key of a secret; `nil` when the secret is zero or not below ``order``.
  static func publicKey(secret: Hash32) -> secp256k1_pubkey? {
    guard let context = context.pointer else { return nil }
    var key = secp256k1_pubkey()
    return withBytes(secret) { secp256k1_ec_pubkey_create(context, &key, $0) } == 1 ? key : nil
  }

  /// Deterministic (RFC 6979, SHA-256), low `s`. `nil` only for a secret that ``publicKey(secret:)``
  /// refuses.
  static func sign(_ digest: Hash32, secret: Hash32) -> RecoverableSignature? {
    guard let context = context.pointer else { return nil }
    var signature = secp256k1_ecdsa_recoverable_signature()
    let isSigned = withBytes(digest) { digest in
      withBytes(secret) { secret in
        secp256k1_ecdsa_sign_recoverable(context, &signature, digest, secret, nil, nil)
      }
    }
    guard isSigned == 1 else { return nil }
    var recoveryID: Int32 = 0
    let compact = [UInt8](unsafeUninitializedCapacity: 64) { buffer, count in
      _ = secp256k1_ecdsa_recoverable_signature_serialize_compact(
        context, buffer.baseAddress!, &recoveryID, &signature)
      count = 64
    }
    // 2 and 3 stand for an x-coordinate above n, which no one will ever see (probability 2^-128); Ethereum
    // has no way to write them down.
    guard let parity = UInt8(exactly: recoveryID), parity <= 1 else { return nil }
    return RecoverableSignature(
      unchecked: Hash32(unchecked: compact, at: 0), Hash32(unchecked: compact, at: 32), parity)
  }

  /// The 32 bytes of a word, on the stack.
  private static func withBytes<Result>(_ word: Hash32, _ body: (UnsafePointer<UInt8>) -> Result) -> Result {
    let bytes: InlineArray<4, UInt64> = [
      word.words[0].bigEndian, word.words[1].bigEndian, word.words[2].bigEndian, word.words[3].bigEndian,
    ]
    return bytes.span.bytes.withUnsafeBytes { body($0.assumingMemoryBound(to: UInt8.self).baseAddress!) }
  }
}
