import EVM
import MPPCore
import MPPServer
import MPPTempo

/// Looks at proofs of whoever asks for its channel. It can read the ledger and the chain, and nothing else.
struct TempoBootstrapValidator: CredentialValidator {
  private let proofs: ProofCheck

  init(_ proofs: ProofCheck) { self.proofs = proofs }

  /// A proof that is good and was not used.
  struct Valid: Sendable {
    let account: Address
    let call: ChargeCall
    let session: SessionTerms
    let request: PaymentRequest

    fileprivate init(
      account: Address, call: ChargeCall, session: SessionTerms, request: PaymentRequest
    ) {
      self.account = account
      self.call = call
      self.session = session
      self.request = request
    }
  }

  /// - Throws: `PaymentProblem`; `StoreError`.
  func validate(
    _ credential: AuthenticatedCredential, _ context: VerificationContext
  ) async throws -> Valid {
    guard let payload = try? ChargePayload(parsing: credential.payload) else {
      throw PaymentProblem.invalidPayload()
    }
    guard let terms = context.prepared.state as? BootstrapTerms else {
      throw ChargeProblem.failed("invalid charge request")
    }
    guard case .proof(let signature) = payload else { throw ChargeProblem.zeroNeedsProof }
    let call = try ChargeCall(credential, terms.charge, context)
    let account = try await proofs.account(signature, call)
    try await proofs.checkUnused(account, call)
    return Valid(account: account, call: call, session: terms.session, request: context.request)
  }
}
