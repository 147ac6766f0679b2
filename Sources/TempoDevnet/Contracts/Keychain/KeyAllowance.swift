import EVM

/// How much of a token a key may still spend, in two storage words.
struct KeyAllowance: Sendable, Hashable {
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
  func renewed(at now: UInt64) -> KeyAllowance {
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
