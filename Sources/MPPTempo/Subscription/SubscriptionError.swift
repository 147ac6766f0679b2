public import MPPCore

/// Why a subscription's terms or its authorization were refused. The reason is part of the protocol: it ends up
/// in the problem document, and peers show it.
public struct SubscriptionError: Error, Sendable, Hashable, CustomStringConvertible {
  /// Without the closing period.
  public let reason: String

  init(_ reason: String) { self.reason = reason }

  /// `402 verification-failed` with the reason.
  public var problem: PaymentProblem { .verificationFailed(reason: reason) }
  public var description: String { reason }
}
