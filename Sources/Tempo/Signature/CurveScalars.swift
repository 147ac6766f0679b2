import EVM

/// Bounds of the scalars of a signature (`02` §3.1).
struct CurveScalars: Sendable {
  let order: Hash32
  let halfOrder: Hash32

  static let secp256k1 = CurveScalars(order: Secp256k1.order, halfOrder: Secp256k1.halfOrder)
  static let p256 = CurveScalars(
    order: Hash32(
      words: 0xffff_ffff_0000_0000, 0xffff_ffff_ffff_ffff, 0xbce6_faad_a717_9e84, 0xf3b9_cac2_fc63_2551),
    halfOrder: Hash32(
      words: 0x7fff_ffff_8000_0000, 0x7fff_ffff_ffff_ffff, 0xde73_7d56_d38b_cf42, 0x79dc_e561_7e31_92a8))

  /// `1 ≤ r < n` and `1 ≤ s ≤ n/2`; the chain refuses the other half of `s` on both curves.
  func check(r: Hash32, s: Hash32) throws(TempoError) {
    guard !r.isZero, !s.isZero, r < order, s < order else { throw .signature(.scalarOutOfRange) }
    guard s <= halfOrder else { throw .signature(.highS) }
  }
}
