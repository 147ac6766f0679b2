import HTTPTypes
import MPPCore

// `HEAD` requests that ask who the payer is (`04` §16).
extension VerificationPipeline {
  /// The answer to a `HEAD` at a route with a preflight: its challenge, or what its credential proves. Nil for a credential of another
  /// kind, which goes the ordinary way: vouchers may come with `HEAD`.
  func identify(_ request: PaymentRequest, _ preflight: Route, _ now: Timestamp) async -> PaymentOutcome? {
    guard let header = request.headers.value(of: .authorization), let found = readable(header) else {
      return withoutBody(await challenge(request, preflight, now))
    }
    guard isAnswer(found, to: preflight) else { return nil }
    return await redeem(found, header, request, preflight, [], now)
  }

  /// The route whose challenge a credential answers.
  func asked(_ found: CredentialAuthenticator.Found, _ request: PaymentRequest, _ route: Route) -> Route {
    guard request.method == .head, let preflight = route.preflight, isAnswer(found, to: preflight) else {
      return route
    }
    return preflight
  }

  private func isAnswer(_ found: CredentialAuthenticator.Found, to preflight: Route) -> Bool {
    let challenge = found.credential.challenge
    return preflight.offers.contains {
      challenge.method.equalsBytes(of: $0.offer.key.name)
        && challenge.intent.equalsBytes(of: $0.offer.key.intent)
    }
  }

  /// A malformed credential asks again, as none does.
  private func readable(_ header: String) -> CredentialAuthenticator.Found? {
    do throws(CredentialError) {
      return try authenticator.find(
        inAuthorization: header, maximumTokenCharacters: limits.maxCredentialBytes)
    } catch {
      return nil
    }
  }

  private func withoutBody(_ outcome: PaymentOutcome) -> PaymentOutcome {
    guard case .challenge(var response) = outcome else { return outcome }
    response.body = []
    response.headers[.contentType] = nil
    return .challenge(response)
  }
}
