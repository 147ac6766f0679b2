public import MPPCore

/// What ``PaymentServer/validate(_:for:siblings:)`` found: nothing was paid, and nothing is reserved.
public struct ValidatedCredential: Sendable, Hashable {
  /// Of the offer that the credential answers.
  public let method: MethodKey
  /// What the request is for; a management request pays for nothing.
  public let purpose: RequestPurpose
  /// The price of the request, in base units.
  public let amount: Amount
  /// The challenge that the credential answers.
  public let challengeID: String
}
