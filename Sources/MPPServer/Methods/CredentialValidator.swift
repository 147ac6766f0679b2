public import MPPCore

/// The half of a payment method that looks at credentials: it says whether one pays, and moves nothing (finding D5).
///
/// It is built from readers (``LedgerReader``, ``RecordView``, a chain that takes no transactions), so it has no means to write a
/// record, to claim, to sign or to send. What moves money is ``ServerMethod/settle(_:)``, and a validator has no method to call.
public protocol CredentialValidator: Sendable {
  /// A credential that passed, with what was found out about it. Only the validator makes one.
  associatedtype Valid: Sendable

  /// Checks a credential for one of the method's offers, after MAC, route binding, expiry and digest.
  ///
  /// May read the ledger and the chain, and dry-run a transaction there. It has no effect, so it may be called any number of times,
  /// also concurrently; and it is no promise: what it saw may be different when the credential is settled.
  ///
  /// Throws ``PaymentProblem`` or ``PaymentRefusal``; anything else is logged and answered as a bare `verification-failed` so that
  /// nothing internal leaks.
  func validate(
    _ credential: AuthenticatedCredential, _ context: VerificationContext
  ) async throws -> Valid

  /// Whether the payment of this credential is on record, or under way. Asked when its challenge has expired: a payment that was
  /// presented in time is then answered all the same. Cheap; the default is `false`.
  func isPaid(_ credential: AuthenticatedCredential, _ context: VerificationContext) async -> Bool
}

extension CredentialValidator {
  /// The default: nothing is on record, so an expired challenge is refused.
  public func isPaid(_ credential: AuthenticatedCredential, _ context: VerificationContext) async -> Bool {
    false
  }
}
