import MPPCore

extension VerificationPipeline {
  /// The offer a credential is bound to, or was when it was paid.
  func bindOrFindPayment(
    _ credential: AuthenticatedCredential, _ request: PaymentRequest, _ route: Route, _ siblings: [Route],
    _ now: Timestamp
  ) async throws -> Bound {
    do { return try await bind(credential, request, route, siblings) } catch {
      guard let paid = await boundToPayment(credential, request, route, now) else { throw error }
      return paid
    }
  }

  /// The offer of a one-time payment that is on record, or under way, at the price of its challenge: what was paid is delivered, also
  /// when the price of the route has changed since, or cannot be computed now. Everything but the amount must agree.
  private func boundToPayment(
    _ credential: AuthenticatedCredential, _ request: PaymentRequest, _ route: Route, _ now: Timestamp
  ) async -> Bound? {
    let challenge = credential.challenge
    guard route.offers.contains(where: { $0.method.isOneTime }),
      let text = challenge.request.value()["amount"]?.stringValue, let amount = try? Amount(baseUnits: text)
    else { return nil }
    for offer in route.offers where offer.method.isOneTime {
      guard let template = try? offer.template(at: amount), isBound(challenge, template, offer) else {
        continue
      }
      let bound = Bound(
        offer: offer, template: template, purpose: purpose(request, credential, offer, route),
        charging: route.options.charging)
      let context = context(bound, request, route, now)
      if await offer.method.validator.isPaid(credential, context) { return bound }
    }
    return nil
  }

  func isBound(_ challenge: Challenge, _ template: OfferTemplate, _ offer: RouteOffer) -> Bool {
    do { return try RouteBinding.mismatch(challenge, template, meta: offer.meta) == nil } catch {
      return false
    }
  }
}
