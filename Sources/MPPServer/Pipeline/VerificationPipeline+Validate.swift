import HTTPTypes
import MPPCore

extension VerificationPipeline {
  /// The same steps as ``run(_:_:siblings:)`` up to the one that moves money. No event is emitted and nothing is counted.
  func validate(
    _ request: PaymentRequest, _ route: Route, siblings: [Route]
  ) async throws(PaymentProblem) -> ValidatedCredential {
    if let problem = unreadable(request, route) { throw problem }
    guard let header = request.headers.value(of: .authorization),
      let found = try find(header)
    else { throw route.challengeHead.problem }
    let route = asked(found, request, route)
    do {
      let authenticated = try authenticator.authenticate(found, header: header)
      let admitted = try await admit(authenticated, request, route, siblings, clock.now)
      try await Self.validate(authenticated, admitted.context, by: admitted.bound.offer.method)
      return ValidatedCredential(
        method: admitted.bound.offer.offer.key, purpose: admitted.bound.purpose,
        amount: admitted.context.prepared.amount, challengeID: authenticated.challenge.id)
    } catch {
      throw problem(of: error, found.credential.challenge.id).problem
    }
  }

  private func find(_ header: String) throws(PaymentProblem) -> CredentialAuthenticator.Found? {
    do throws(CredentialError) {
      return try authenticator.find(
        inAuthorization: header, maximumTokenCharacters: limits.maxCredentialBytes)
    } catch {
      throw error.problem
    }
  }

  private static func validate<Method: ServerMethod>(
    _ credential: AuthenticatedCredential, _ context: VerificationContext, by method: Method
  ) async throws {
    _ = try await method.validator.validate(credential, context)
  }
}
