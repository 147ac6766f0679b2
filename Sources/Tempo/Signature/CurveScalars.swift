import EVM

/// Bounds of the scalars of a signature (`02` §3.1).
struct CurveScalars: Sendable {
  let order: Hash32
  let halfOrder: Hash32

  static let secp256k1 = CurveScalars(order: Secp256k1.order, halfOrder: Secp256k1.halfOrder)
  static let p256 = CurveScalars(order: P256Signature.order, halfOrder: P256Signature.halfOrder)

  /// `1 ≤ r < n` and `1 ≤ s ≤ n/2`; the chain refuses the other half of `s` on both curves.
  func check(r: Hash32, s: Hash32) throws(TempoError) {
    guard !r.isZero, !s.isZero, r < order, s < order else { throw .signature(.scalarOutOfRange) }
    guard s <= halfOrder else { throw .signature(.highS) }
  }
}
