/// Why a transaction is not sponsored. For the log; payers are told that verification failed.
public struct SponsorRefusal: Error, Sendable, Hashable, CustomStringConvertible {
  /// What is wrong; the raw value completes "the transaction …".
  public enum Reason: String, Sendable, Hashable, CaseIterable {
    case notHandedOver = "is not handed over to a sponsor"
    case unsigned = "is not signed by its sender"
    case senderMismatch = "names another sender than the one who signed it"
    case selfSponsored = "would be sponsored by its own sender"
    case rejectedFields = "contains rejected fields"
    case unsupportedFields = "contains unsupported fields"
    case chain = "is for another chain"
    case accessList = "has an access list"
    case noCalls = "has no calls"
    case calls = "contains calls that are not allowed"
    case gas = "has a gas limit outside the policy"
    case feePerGas = "has a fee per gas outside the policy"
    case totalFee = "costs more than the policy allows"
    case priorityFee = "has a priority fee outside the policy"
    case nonce = "does not use an expiring nonce"
    case expired = "has expired"
    case validity = "is valid for too long"
    case notYetValid = "is not valid yet"
    case feeToken = "pays its fee in a token that is not allowed"
    case keyAuthorization = "authorizes a key that did not sign it"
    case budget = "exceeds the aggregate sponsor budget"
    case challengeExpired = "answers a challenge that has expired meanwhile"
  }

  /// What to decide by.
  public let reason: Reason

  /// Carries no detail beyond the reason.
  public init(_ reason: Reason) { self.reason = reason }

  public var description: String { "Invalid transaction: fee-sponsored transaction \(reason.rawValue)" }
}
