public import HTTPTypes
public import MPPCore

/// What came of a credential that was settled.
public enum Verification: Sendable {
  /// A management request, done: 204 with its receipt, if it has one; the handler does not run.
  case management(ManagementResult)
  /// A paid content request; the handler may run.
  case proceed(VerifiedPayment)
}

/// A finished management request.
public struct ManagementResult: Sendable {
  /// The `Payment-Receipt` field value (base64url), built from the committed state; `nil` when there is nothing to acknowledge.
  public let receipt: String?
  /// Who asked, as proved by a signature; `nil` when the method proves nobody.
  public let source: VerifiedSource?
  /// What the receipt refers to, for events: a channel id or a transaction hash.
  public let reference: String
  /// Further protocol headers of the answer, for example `Payment-Session`.
  public let headers: HTTPFields

  /// - Parameters:
  ///   - receipt: the finished `Payment-Receipt` value; it is sent as it is.
  ///   - headers: must not include the receipt.
  public init(
    receipt: String?, source: VerifiedSource?, reference: String, headers: HTTPFields = [:]
  ) {
    self.receipt = receipt
    self.source = source
    self.reference = reference
    self.headers = headers
  }
}

/// A verified payment for one content request.
public struct VerifiedPayment: Sendable {
  /// Who paid, as proved by a signature.
  public let source: VerifiedSource?
  /// The price, in base units.
  public let amount: Amount
  /// The `Payment-Receipt` field value (base64url), built from the committed state.
  public let receipt: String
  /// What the receipt refers to, for events: a channel id or a transaction hash.
  public let reference: String
  /// The price set aside, or `nil` when the payment was settled before the handler and cannot be held.
  public let hold: (any PaymentHold)?

  /// - Parameters:
  ///   - amount: base units.
  ///   - receipt: the finished `Payment-Receipt` value; what it says must be durable.
  ///   - hold: `nil` when the price cannot be given back.
  public init(
    source: VerifiedSource?, amount: Amount, receipt: String, reference: String,
    hold: (any PaymentHold)?
  ) {
    self.source = source
    self.amount = amount
    self.receipt = receipt
    self.reference = reference
    self.hold = hold
  }
}

/// A refusal with what verification had established before it, for hints that only the verified payer may
/// see (W4).
public struct PaymentRefusal: Error {
  /// What the payer is told.
  public let problem: PaymentProblem
  /// Handed to ``ServerMethod/keep(_:)``, and to ``ServerMethod/challengeRequest(_:_:)`` as `evidence`; set it only after the signature of
  /// the credential was verified.
  public let evidence: any Sendable

  /// - Parameter evidence: what the verified payer may see; never taken from an unverified credential.
  public init(_ problem: PaymentProblem, evidence: any Sendable) {
    self.problem = problem
    self.evidence = evidence
  }
}
