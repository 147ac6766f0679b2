public import EVM

/// The expiring nonce: no counter, valid once and for at most half a minute (`02` §5.5).
public enum ExpiringNonce {
  /// The nonce key that selects it.
  public static let key = UInt256.max
  /// Seconds after now at which the reference lets its transactions expire.
  public static let lifetime: UInt64 = 25

  /// The moment from which the transaction is dead, in seconds.
  public static func validBefore(now: UInt64) -> UInt64 {
    let (sum, overflow) = now.addingReportingOverflow(lifetime)
    return overflow ? .max : sum
  }

  /// A start of validity in the past, from 1 to `now − 60`, that only makes otherwise equal transactions
  /// distinct: two equal payments within one lifetime would be the same transaction, and the second a replay.
  public static func validAfter(now: UInt64, random: UInt64) -> UInt64? {
    guard now > 60 else { return nil }
    return 1 + random % (now - 60)
  }
}
