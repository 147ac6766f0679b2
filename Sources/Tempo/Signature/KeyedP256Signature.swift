public import EVM

/// A P-256 signature with its public key (`02` §3.2, §3.5).
public struct KeyedP256Signature: Sendable, Hashable {
  /// Above zero and below the group's order.
  public let r: Hash32
  /// Above zero and at most half the group's order.
  public let s: Hash32
  /// The public key's first coordinate; that it lies on the curve is checked by ``isValid(for:)``.
  public let x: Hash32
  /// The public key's second coordinate.
  public let y: Hash32
  /// Whether the key signed the SHA-256 of the digest instead of the digest.
  public let prehash: Bool

  /// - Throws: `scalarOutOfRange` or `highS`. The key is not looked at.
  public init(r: Hash32, s: Hash32, x: Hash32, y: Hash32, prehash: Bool) throws(TempoError) {
    try CurveScalars.p256.check(r: r, s: s)
    self.r = r
    self.s = s
    self.x = x
    self.y = y
    self.prehash = prehash
  }

  /// Reads exactly 130 bytes, `0x01 ‖ r ‖ s ‖ X ‖ Y ‖ prehash` with a last byte of 0 or 1.
  ///
  /// - Throws: `length`, `unknownType`, `nonCanonicalByte`, `scalarOutOfRange` or `highS`. Nothing is
  ///   verified.
  public init(parsing bytes: [UInt8]) throws(TempoError) {
    guard bytes.count == 130 else { throw .signature(.length) }
    guard bytes[0] == 0x01 else { throw .signature(.unknownType) }
    guard bytes[129] <= 1 else { throw .signature(.nonCanonicalByte) }
    let words = try SignatureWords(bytes[1..<129])
    try self.init(r: words.r, s: words.s, x: words.x, y: words.y, prehash: bytes[129] == 1)
  }

  /// 130 bytes, `0x01 ‖ r ‖ s ‖ X ‖ Y ‖ prehash`.
  public var serialized: [UInt8] {
    [0x01] + SignatureWords(r: r, s: s, x: x, y: y).bytes + [prehash ? 1 : 0]
  }

  /// The address of the carried key. It says who signed only after the signature has been verified.
  public var claimedAddress: Address { SignatureWords.address(x: x, y: y) }

  /// Whether the carried key signed `digest`. A key that is not on the curve has signed nothing.
  public func isValid(for digest: Hash32) -> Bool {
    SignatureWords(r: r, s: s, x: x, y: y).isValid(for: digest, prehash: prehash)
  }
}
