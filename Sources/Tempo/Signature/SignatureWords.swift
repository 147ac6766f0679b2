import EVM

/// The 128 bytes `r ‖ s ‖ X ‖ Y` that end P-256 and WebAuthn signatures.
struct SignatureWords {
  let r: Hash32
  let s: Hash32
  let x: Hash32
  let y: Hash32

  init(r: Hash32, s: Hash32, x: Hash32, y: Hash32) {
    self.r = r
    self.s = s
    self.x = x
    self.y = y
  }

  init(_ bytes: ArraySlice<UInt8>) throws(TempoError) {
    guard bytes.count == 128 else { throw .signature(.length) }
    let start = bytes.startIndex
    do {
      r = try Hash32(bytes[start..<start + 32])
      s = try Hash32(bytes[start + 32..<start + 64])
      x = try Hash32(bytes[start + 64..<start + 96])
      y = try Hash32(bytes[start + 96..<start + 128])
    } catch {
      throw .signature(.length)
    }
  }

  /// Whether the P-256 key `(x, y)` signed `digest`, or its SHA-256 with `prehash`.
  func isValid(for digest: Hash32, prehash: Bool) -> Bool {
    do {
      return try P256PublicKey(x: x, y: y).verify(digest, P256Signature(r: r, s: s), prehash: prehash)
    } catch {
      return false
    }
  }

  var bytes: [UInt8] { r.bytes + s.bytes + x.bytes + y.bytes }

  /// The last 20 bytes of `H(X ‖ Y)`, the same rule for both curves.
  static func address(x: Hash32, y: Hash32) -> Address { Address(truncating: Keccak256.hash(x, y)) }
}
