import HTTPTypes
import Logging
import MPPCore

/// One request through the fixed order of `11` §5 and `04` §14. Each step is cheap compared with the next;
/// the first failure becomes a problem document with a fresh challenge. Nothing of a credential reaches a
/// method before its MAC, and no step before the method's verification changes any state.
struct VerificationPipeline: Sendable {
  let issuer: ChallengeIssuer
  let authenticator: CredentialAuthenticator
  let limits: ServerLimits
  let compatibility: Compatibility
  let clock: any WallClock
  let logger: Logger
  let events: PaymentEvents
  let metrics: ServerMetrics
  let reaper: HoldReaper

  func run(
    _ request: PaymentRequest, _ route: Route, siblings: [Route]
  ) async -> PaymentOutcome {
    let now = clock.now
    if let problem = unreadable(request, route) {
      return problem.code == .methodNotAllowed ? notAllowed(route) : self.problem(problem, route)
    }
    if let preflight = route.preflight, request.method == .head,
      let outcome = await identify(request, preflight, now)
    {
      return outcome
    }
    guard let header = request.headers.value(of: .authorization) else {
      return await challenge(request, route, now)
    }
    let credential: CredentialAuthenticator.Found
    do throws(CredentialError) {
      let found = try authenticator.find(
        inAuthorization: header, maximumTokenCharacters: limits.maxCredentialBytes)
      guard let found else { return await challenge(request, route, now) }
      credential = found
    } catch {
      events.emit(.refused(challengeID: nil, problem: error.problem.code))
      return await refuse(error.problem, request, route, now)
    }
    return await redeem(credential, header, request, route, siblings, now)
  }

  func redeem(
    _ credential: CredentialAuthenticator.Found, _ header: String, _ request: PaymentRequest, _ route: Route,
    _ siblings: [Route], _ now: Timestamp
  ) async -> PaymentOutcome {
    var known: AuthenticatedCredential?
    do {
      let authenticated = try authenticator.authenticate(credential, header: header)
      known = authenticated
      let admitted = try await admit(authenticated, request, route, siblings, now)
      return try await redeem(authenticated, admitted)
    } catch {
      return await refuse(
        error, credential.credential.challenge.id, request, route, now, credential: known)
    }
  }

  /// Why nothing of the request is looked at.
  func unreadable(_ request: PaymentRequest, _ route: Route) -> PaymentProblem? {
    // Neither content, which this method never is here, nor management, which has no body (`04` §17): nothing that is paid for it
    // could ever buy anything.
    if request.hasBody, route.isNeverContent(request.method) { return .methodNotAllowed() }
    if route.collectsBody, isTooLarge(request) { return .contentTooLarge(limit: limits.maxBodyBytes) }
    if route.bindsBody, request.hasBody, request.body == nil {
      // Issued now, a challenge could never be redeemed: nobody must pay for it.
      logger.error("the body of a request was not collected, and its route is bound to it")
      return .internalError()
    }
    return nil
  }

  private func isTooLarge(_ request: PaymentRequest) -> Bool {
    if let body = request.body, body.count > limits.maxBodyBytes { return true }
    let declared = request.headers[.contentLength].flatMap { Int($0) } ?? 0
    return declared > limits.maxBodyBytes
  }

  /// A credential of ours that may be shown to its method.
  struct Admitted {
    let bound: Bound
    let context: VerificationContext
  }

  /// Steps 4 to 8 for a request with a credential of ours. Nothing changes here.
  func admit(
    _ authenticated: AuthenticatedCredential, _ request: PaymentRequest, _ route: Route, _ siblings: [Route],
    _ now: Timestamp
  ) async throws -> Admitted {
    let bound =
      if let exact = exactMatch(authenticated, request, route) { exact } else {
        try await bindOrFindPayment(authenticated, request, route, siblings, now)
      }
    if bound.purpose == .management, bound.offer.method.isOneTime { throw PaymentProblem.methodNotAllowed() }
    let context = context(bound, request, route, now)
    if let expired = expiryProblem(authenticated.challenge, now) {
      guard expired.code == .paymentExpired, await bound.offer.method.validator.isPaid(authenticated, context)
      else { throw expired }
    }
    try checkDigest(authenticated.challenge, request, bound.offer)
    return Admitted(bound: bound, context: context)
  }

  func context(
    _ bound: Bound, _ request: PaymentRequest, _ route: Route, _ now: Timestamp
  ) -> VerificationContext {
    VerificationContext(
      request: request, purpose: bound.purpose, prepared: bound.template.prepared,
      reference: bound.offer.reference, charging: bound.charging,
      challengeLifetime: route.options.lifetimeSeconds, leeway: compatibility.leewaySeconds, now: now,
      logger: logger)
  }

  /// Steps 9 to 15.
  private func redeem(
    _ credential: AuthenticatedCredential, _ admitted: Admitted
  ) async throws -> PaymentOutcome {
    let stopwatch = Stopwatch()
    let verification = try await Self.settle(credential, admitted.context, by: admitted.bound.offer.method)
    metrics.verified(in: stopwatch.elapsed)
    return await answer(verification, admitted.bound, challengeID: credential.challenge.id)
  }

  /// The only place where a payment method is asked to move money, and only for what its validator has let through (D5).
  private static func settle<Method: ServerMethod>(
    _ credential: AuthenticatedCredential, _ context: VerificationContext, by method: Method
  ) async throws -> Verification {
    let valid: Method.Validator.Valid
    do {
      valid = try await method.validator.validate(credential, context)
    } catch let refusal as PaymentRefusal {
      await method.keep(refusal.evidence)
      throw refusal
    }
    return try await method.settle(valid)
  }

  /// Step 6. What was paid in time is answered to the end, also when the answer got lost: the caller asks the method.
  private func expiryProblem(_ challenge: Challenge, _ now: Timestamp) -> PaymentProblem? {
    do throws(PaymentProblem) {
      try challenge.checkExpiry(at: now, leeway: compatibility.leewaySeconds &* 1000)
      return nil
    } catch {
      return error
    }
  }

  /// An offer a credential was bound to, with the price and the purpose of this request.
  struct Bound {
    let offer: RouteOffer
    let template: OfferTemplate
    let purpose: RequestPurpose
    let charging: ChargeTiming
  }

  /// Steps 4, 5 and 8 when no offer is matched exactly: the offer is found by the credential's own challenge, protocol version
  /// included (C6, C25), in the configured order and without shared state.
  func bind(
    _ credential: AuthenticatedCredential, _ request: PaymentRequest, _ route: Route, _ siblings: [Route]
  ) async throws -> Bound {
    let mismatch: String
    switch try await compare(credential, request, route) {
    case .success(let bound): return bound
    case .failure(let field): mismatch = field.name
    }
    // Management requests may answer a challenge of another method of the same resource: a voucher for
    // `GET /items` is posted to a path where `POST` is content too.
    for sibling in siblings {
      let bound = exactMatch(credential, request, sibling)
      if let bound, bound.purpose == .management { return bound }
      // One that cannot be priced now is none that this credential answers.
      if bound == nil, case .success(let bound)? = try? await compare(credential, request, sibling),
        bound.purpose == .management
      {
        return bound
      }
    }
    throw PaymentProblem.invalidChallenge(
      id: credential.challenge.id,
      reason: "credential \(mismatch) does not match this route's requirements")
  }

  private func exactMatch(
    _ credential: AuthenticatedCredential, _ request: PaymentRequest, _ route: Route
  ) -> Bound? {
    for offer in route.offers {
      if let template = offer.fixed, RouteBinding.isExact(credential.challenge, template) {
        return Bound(
          offer: offer, template: template, purpose: purpose(request, credential, offer, route),
          charging: route.options.charging)
      }
    }
    return nil
  }

  /// The name of the first field that differs.
  private struct Mismatch: Error {
    let name: String
  }

  /// Field by field: for computed prices, and for challenges that carried hints. Every offer is looked at before a miss is a refusal:
  /// one without a price now must not hide another, and where two agree in all that is pinned, the whole text decides.
  private func compare(
    _ credential: AuthenticatedCredential, _ request: PaymentRequest, _ route: Route
  ) async throws -> Result<Bound, Mismatch> {
    let challenge = credential.challenge
    var firstMismatch: String?
    var candidate: Bound?
    var failure: (any Error)?
    for offer in route.offers {
      guard challenge.method.equalsBytes(of: offer.offer.key.name),
        challenge.intent.equalsBytes(of: offer.offer.key.intent)
      else { continue }
      let purpose = purpose(request, credential, offer, route)
      let template: OfferTemplate?
      do {
        template = try await self.template(offer, credential, request, purpose)
      } catch {
        failure = failure ?? error
        continue
      }
      guard let template else {
        firstMismatch = firstMismatch ?? "amount"
        continue
      }
      do throws(ChallengeError) {
        if let field = try RouteBinding.mismatch(challenge, template, meta: offer.meta) {
          firstMismatch = firstMismatch ?? field
          continue
        }
      } catch {
        throw PaymentProblem.malformedCredential()
      }
      let bound = Bound(
        offer: offer, template: template, purpose: purpose, charging: route.options.charging)
      if RouteBinding.isExact(challenge, template) { return .success(bound) }
      candidate = candidate ?? bound
    }
    if let candidate { return .success(candidate) }
    if let failure { throw failure }
    return .failure(Mismatch(name: firstMismatch ?? unknownMethodField(challenge, route)))
  }

  /// The template a credential is compared with. A management request keeps the price of the challenge it
  /// answers, so a computed price is not asked for a request that has no body to compute it from (A5);
  /// `nil` when that price is not a number.
  func template(
    _ offer: RouteOffer, _ credential: AuthenticatedCredential, _ request: PaymentRequest,
    _ purpose: RequestPurpose
  ) async throws -> OfferTemplate? {
    guard offer.fixed == nil, purpose == .management else {
      return try await offer.template(for: request)
    }
    guard let text = credential.challenge.request.value()["amount"]?.stringValue,
      let amount = try? Amount(baseUnits: text)
    else { return nil }
    return try? offer.template(for: .baseUnits(amount))
  }

  private func unknownMethodField(_ challenge: Challenge, _ route: Route) -> String {
    let isKnown = route.offers.contains { challenge.method.equalsBytes(of: $0.offer.key.name) }
    return isKnown ? "intent" : "method"
  }

  func purpose(
    _ request: PaymentRequest, _ credential: AuthenticatedCredential?, _ offer: RouteOffer, _ route: Route
  ) -> RequestPurpose {
    if route.isNeverContent(request.method) { return .management }
    return offer.method.purpose(of: request, credential: credential)
  }

  /// Step 7. A digest in the credential is checked whenever the body is at hand (`01` §7); a challenge without one is, where bodies are
  /// bound, for a request without a body.
  private func checkDigest(
    _ challenge: Challenge, _ request: PaymentRequest, _ offer: RouteOffer
  ) throws(PaymentProblem) {
    guard offer.bindsBody || challenge.digest != nil else { return }
    guard offer.bindsBody || request.body != nil || !request.hasBody else { return }
    let body = request.body ?? []
    let isBound =
      challenge.digest.map { BodyDigest.verify($0, body: body) } ?? (body.isEmpty && !request.hasBody)
    guard isBound else {
      throw .invalidChallenge(
        id: challenge.id, reason: "credential digest does not match this route's requirements")
    }
  }

  /// Steps 13 to 15: what the method found becomes the outcome.
  private func answer(
    _ verification: Verification, _ bound: Bound, challengeID: String
  ) async -> PaymentOutcome {
    switch verification {
    case .management(let result):
      let key = bound.offer.offer.key
      metrics.count(.managed, intent: key.intent)
      events.emit(
        .managed(key, challengeID: challengeID, reference: result.reference, result.source))
      var headers = result.headers
      if let receipt = result.receipt { ResponseHeaders.attach(receipt: receipt, to: &headers) }
      return .management(PaymentResponse(status: 204, headers: headers))
    case .proceed(let verified):
      guard bound.purpose == .content else {
        // The method contradicts its own classification. Nothing may be served or charged.
        await verified.hold?.release()
        logger.error(
          "a method asked to proceed with a management request",
          metadata: Redaction.metadata(method: bound.offer.offer.key, challengeID: challengeID))
        return .problem(Self.response(.internalError()))
      }
      logger.debug(
        "paid", metadata: Redaction.metadata(method: bound.offer.offer.key, challengeID: challengeID))
      bound.offer.observer.granted(verified, challengeID: challengeID)
      let isCharged = bound.charging == .beforeHandler
      if isCharged { await verified.hold?.commit() }
      return .proceed(
        Payment(
          verified, isCharged: isCharged, challengeID: challengeID,
          receiptOnErrors: compatibility.receiptOnErrors, observer: bound.offer.observer))
    }
  }
}
