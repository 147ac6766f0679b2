/// Why a transaction is not sponsored. For the log; payers are told that verification failed.
public struct SponsorRefusal: Error, Sendable, Hashable, CustomStringConvertible {
  /// What is wrong; the raw value completes "the transaction …".
  public enum Reason: String, Sendable, Hashable, CaseIterable {
    /// The sender pays its own fee.
    case notHandedOver = "is not handed over to a sponsor"
    /// No sender can be recovered from the signature.
    case unsigned = "is not signed by its sender"
    /// Whoever is named would pay with another's signature.
    case senderMismatch = "names another sender than the one who signed it"
    /// The sender is the sponsor's own account.
    case selfSponsored = "would be sponsored by its own sender"
    /// A sponsor has signed it already.
    case rejectedFields = "contains rejected fields"
    /// It delegates accounts (an authorization list).
    case unsupportedFields = "contains unsupported fields"
    /// Its chain id is not ``SponsorPolicy/chainID``.
    case chain = "is for another chain"
    /// Would only raise the fee.
    case accessList = "has an access list"
    /// There is nothing to pay for.
    case noCalls = "has no calls"
    /// A call that creates a contract, moves native value or has no data.
    case calls = "contains calls that are not allowed"
    /// Zero, or more than ``SponsorLimits/maximumGas``.
    case gas = "has a gas limit outside the policy"
    /// Zero, or more than ``SponsorLimits/maximumFeePerGas``.
    case feePerGas = "has a fee per gas outside the policy"
    /// More than ``SponsorLimits/maximumTotalFee``.
    case totalFee = "costs more than the policy allows"
    /// More than ``SponsorLimits/maximumPriorityFeePerGas``, or than its fee per gas.
    case priorityFee = "has a priority fee outside the policy"
    /// Only a transaction that expires frees its share of the budget.
    case nonce = "does not use an expiring nonce"
    /// Its validity has ended.
    case expired = "has expired"
    /// Valid for longer than ``SponsorLimits/maximumValidity``, or more than a minute beyond its challenge.
    case validity = "is valid for too long"
    /// The budget would be held until it is.
    case notYetValid = "is not valid yet"
    /// Not one of ``SponsorPolicy/feeTokens``.
    case feeToken = "pays its fee in a token that is not allowed"
    /// It would register a key of somebody else at the sponsor's expense.
    case keyAuthorization = "authorizes a key that did not sign it"
    /// It alone may cost more than all, or all of its payer, together may.
    case budget = "exceeds the aggregate sponsor budget"
    /// Between the check and the signature.
    case challengeExpired = "answers a challenge that has expired meanwhile"
    /// A transaction of this payer was reverted a few minutes ago, at the sponsor's expense.
    case reverted = "comes from an account whose last one was reverted"
  }

  /// What to decide by.
  public let reason: Reason

  /// Carries no detail beyond the reason.
  public init(_ reason: Reason) { self.reason = reason }

  public var description: String { "Invalid transaction: fee-sponsored transaction \(reason.rawValue)" }
}
