import EVM

/// What an access key shall be allowed to do, as an authorization states it (`02` §9.1, §9.2).
struct KeyTerms: Sendable, Hashable {
  struct Limit: Sendable, Hashable {
    var token: Address
    /// Base units; more than 128 bits is refused.
    var amount: UInt256
    /// Seconds; zero for a limit that is never renewed.
    var period: UInt64
  }

  var keyID: Address
  /// 0 secp256k1, 1 P-256, 2 WebAuthn.
  var type: UInt8
  /// Seconds; `.max` for never.
  var expiry: UInt64
  /// `nil` for unlimited spending, empty for none at all.
  var limits: [Limit]?
  /// `nil` for any call.
  var scopes: CallScopes?
  var witness: Hash32?
  var isAdmin = false
}

/// One storage word of a key: it exists as long as its expiry is not zero, or as a tombstone once revoked.
struct KeyRecord: Sendable, Hashable {
  var expiry: UInt64
  var type: UInt8
  var enforcesLimits: Bool
  var isRevoked: Bool
  var isAdmin: Bool

  static let revoked = KeyRecord(
    expiry: 0, type: 0, enforcesLimits: false, isRevoked: true, isAdmin: false)

  init(expiry: UInt64, type: UInt8, enforcesLimits: Bool, isRevoked: Bool, isAdmin: Bool) {
    self.expiry = expiry
    self.type = type
    self.enforcesLimits = enforcesLimits
    self.isRevoked = isRevoked
    self.isAdmin = isAdmin
  }

  /// `expiry` in the low 64 bits, above it the type and one bit each.
  init(_ packed: UInt256) {
    let flags = packed.limbs[2]
    self.init(
      expiry: packed.limbs[3], type: UInt8(truncatingIfNeeded: flags), enforcesLimits: flags & 0x100 != 0,
      isRevoked: flags & 0x200 != 0, isAdmin: flags & 0x400 != 0)
  }

  var packed: UInt256 {
    let flags =
      UInt64(type) | (enforcesLimits ? 0x100 : 0) | (isRevoked ? 0x200 : 0) | (isAdmin ? 0x400 : 0)
    return UInt256(limbs: 0, 0, flags, expiry)
  }

  var exists: Bool { expiry > 0 }
}

/// How much of a token a key may still spend, in two storage words.
struct SpendingLimit: Sendable, Hashable {
  var remaining: UInt128
  var maximum: UInt128
  /// Seconds; zero for a limit that is never renewed.
  var period: UInt64
  /// Seconds since 1970; zero without a period.
  var periodEnd: UInt64

  init(remaining: UInt128, maximum: UInt128, period: UInt64, periodEnd: UInt64) {
    self.remaining = remaining
    self.maximum = maximum
    self.period = period
    self.periodEnd = periodEnd
  }

  init(amounts: UInt256, times: UInt256) {
    self.init(
      remaining: UInt128(amounts.limbs[0]) << 64 | UInt128(amounts.limbs[1]),
      maximum: UInt128(amounts.limbs[2]) << 64 | UInt128(amounts.limbs[3]), period: times.limbs[2],
      periodEnd: times.limbs[3])
  }

  var amounts: UInt256 {
    UInt256(
      limbs: UInt64(truncatingIfNeeded: remaining >> 64), UInt64(truncatingIfNeeded: remaining),
      UInt64(truncatingIfNeeded: maximum >> 64), UInt64(truncatingIfNeeded: maximum))
  }

  var times: UInt256 { UInt256(limbs: 0, 0, period, periodEnd) }

  /// The limit as it is at `now`: a period that has ended starts anew on its own grid.
  func renewed(at now: UInt64) -> SpendingLimit {
    guard period > 0, now >= periodEnd else { return self }
    var renewed = self
    renewed.remaining = maximum
    let (steps, stepOverflow) = ((now - periodEnd) / period).addingReportingOverflow(1)
    let (span, spanOverflow) = period.multipliedReportingOverflow(by: steps)
    let (end, endOverflow) = periodEnd.addingReportingOverflow(span)
    renewed.periodEnd = stepOverflow || spanOverflow || endOverflow ? .max : end
    return renewed
  }
}
