public import MPPCore

/// How far the payment behind a charge has come (`06` §1.16).
public enum ChargePhase: Sendable, Hashable {
  /// Claimed: the transaction is, or may be, on its way. → settled, void
  case broadcasting
  /// Paid and not delivered. → delivering
  case settled
  /// Paid; a handler is at work. → delivered, settled. After `leaseUntil` it counts as failed; the process that has it moves that
  /// end while it works.
  case delivering(leaseUntil: Timestamp)
  /// Paid and delivered, or delivered as often as it may be tried. End.
  case delivered
  /// Proved never to have been paid: reverted, or expired without being included. End.
  case void
}
