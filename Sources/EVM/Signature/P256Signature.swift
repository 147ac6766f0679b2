/// An ECDSA signature on P-256: two numbers, each inside 1 … n−1. `s` may be high until it is verified.
public struct P256Signature: Sendable, Hashable {
  /// The order of the group.
  public static let order = Hash32(
    words: 0xffff_ffff_0000_0000, 0xffff_ffff_ffff_ffff, 0xbce6_faad_a717_9e84, 0xf3b9_cac2_fc63_2551)
  /// n/2 rounded down: the largest `s` the chain takes.
  public static let halfOrder = Hash32(
    words: 0x7fff_ffff_8000_0000, 0x7fff_ffff_ffff_ffff, 0xde73_7d56_d38b_cf42, 0x79dc_e561_7e31_92a8)

  /// Above zero and below ``order``.
  public let r: Hash32
  /// Above zero and below ``order``; the chain takes it up to ``halfOrder``.
  public let s: Hash32

  /// - Throws: `signatureOutOfRange` for a number outside 1 … n−1. A high `s` is taken.
  public init(r: Hash32, s: Hash32) throws(EVMError) {
    for number in [r, s] where number.isZero || number >= Self.order { throw EVMError.signatureOutOfRange }
    self.r = r
    self.s = s
  }

  /// Whether `s` is above ``halfOrder``.
  public var isHighS: Bool { s > Self.halfOrder }

  /// The twin with the low `s`: the one a signer sends.
  public func normalized() throws(EVMError) -> P256Signature {
    guard isHighS else { return self }
    return try P256Signature(r: r, s: UInt256(Self.order).subtracting(UInt256(s)).word)
  }
}
