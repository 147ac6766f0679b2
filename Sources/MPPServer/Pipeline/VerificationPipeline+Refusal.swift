import HTTPTypes
import Logging
import MPPCore

extension VerificationPipeline {
  /// Refusals that come with a fresh challenge (`11` §4); with others paying again cannot help.
  static let challengeStatuses = [400, 402, 410]

  /// The answer to a request without a credential.
  func challenge(_ request: PaymentRequest, _ route: Route, _ now: Timestamp) async -> PaymentOutcome {
    await refuse(route.challengeHead.problem, request, route, now)
  }

  /// What a payer is told of an error of any kind, with what was established before it. What is not a payment problem is
  /// logged and answered without its text, so that nothing internal leaks (`01` §11).
  func problem(
    of error: any Error, _ challengeID: String
  ) -> (problem: PaymentProblem, evidence: (any Sendable)?) {
    switch error {
    case let error as PaymentProblem: return (error, nil)
    case let error as PaymentRefusal: return (error.problem, error.evidence)
    case let error as StoreError:
      logger.error("\(Self.complaint(about: error))", metadata: Redaction.metadata(error: error))
      return (.unavailable(retryAfter: 1), nil)
    case is CancellationError: return (.unavailable(retryAfter: 1), nil)
    default:
      var metadata = Redaction.metadata(error: error)
      metadata["mpp.challenge"] = .string(Redaction.short(challengeID))
      logger.warning("verification failed with an error that is not a payment problem", metadata: metadata)
      return (.verificationFailed(), nil)
    }
  }

  private static func complaint(about error: StoreError) -> String {
    switch error.code {
    case .unavailable: "the ledger did not answer"
    case .full: "the ledger has no room"
    case .corrupt: "a record of the ledger is damaged"
    case .overloaded: "too much work waits for the ledger"
    case .closed: "the ledger is closed"
    default: "the ledger refused what it was asked"
    }
  }

  /// The answer to an error of any kind that came up for a credential.
  func refuse(
    _ error: any Error, _ challengeID: String, _ request: PaymentRequest, _ route: Route, _ now: Timestamp,
    credential: AuthenticatedCredential?
  ) async -> PaymentOutcome {
    let (problem, evidence) = problem(of: error, challengeID)
    logger.debug(
      "payment refused",
      metadata: [
        "mpp.code": .string(problem.code.rawValue), "mpp.challenge": .string(Redaction.short(challengeID)),
      ])
    events.emit(.refused(challengeID: challengeID, problem: problem.code))
    return await refuse(problem, request, route, now, evidence: evidence, credential: credential)
  }

  /// A problem document with a fresh challenge of every offer; without one when paying again cannot help.
  ///
  /// - Parameter credential: of the request, when it is one of ours.
  func refuse(
    _ problem: PaymentProblem, _ request: PaymentRequest, _ route: Route, _ now: Timestamp,
    evidence: (any Sendable)? = nil, credential: AuthenticatedCredential? = nil
  ) async -> PaymentOutcome {
    if problem.code == .methodNotAllowed { return notAllowed(route) }
    guard Self.challengeStatuses.contains(problem.status) else { return self.problem(problem, route) }
    let digest = request.body.flatMap { route.bindsBody && !$0.isEmpty ? BodyDigest.compute($0) : nil }
    let candidates = eligible(request, route)
    guard !candidates.isEmpty else { return notAllowed(route) }
    let answered = credential.flatMap { isManagement(request, $0, route) ? $0 : nil }
    var offered: [(offer: RouteOffer, challenge: IssuedChallenge)] = []
    var failure: (any Error)?
    for offer in candidates {
      do {
        // The price comes first: hints are added to a request that is complete (A5).
        guard let template = try await template(offer, request, answered) else { continue }
        let challenge = try await issue(
          template, offer, request, route, now, evidence: evidence, digest: offer.bindsBody ? digest : nil)
        offered.append((offer, challenge))
      } catch {
        failure = failure ?? error
      }
    }
    let chosen = ranked(offered, request)
    guard let first = chosen.first else {
      return unpriced(problem, failure, request, route, isAnswered: answered != nil)
    }
    if problem.status == 402, events.isObserved {
      events.emit(.challenged(ids: chosen.map(\.challenge.id), problem: problem.code))
    }
    let outcome: ServerMetrics.Outcome = problem.code == .paymentRequired ? .challenged : .refused
    metrics.count(outcome, intent: route.offers[0].offer.key.intent)
    var response = Self.response(
      naming(first.offer, in: problem, route), challengeID: first.challenge.id, template: route.challengeHead)
    append(chosen, to: &response.headers)
    return .challenge(response)
  }

  /// What only content redeems is not offered to a request that cannot be content.
  private func eligible(_ request: PaymentRequest, _ route: Route) -> [RouteOffer] {
    guard route.isNeverContent(request.method) else { return route.offers }
    return route.offers.filter { !$0.method.isOneTime }
  }

  /// Says which methods are content.
  func notAllowed(_ route: Route) -> PaymentOutcome {
    guard case .problem(var response) = problem(.methodNotAllowed(), route) else {
      return problem(.methodNotAllowed(), route)
    }
    let methods = (route.options.contentMethods ?? []).map(\.rawValue).sorted()
    response.headers[.allow] = methods.joined(separator: ", ")
    return .problem(response)
  }

  /// The challenges as the client's `Accept-Payment` wants them: the most wanted first, without those it does not take. All of them in
  /// the route's order when it says nothing, nothing readable, or takes none (`01` §8). What it says of the only offer counts nothing.
  private func ranked(
    _ offered: [(offer: RouteOffer, challenge: IssuedChallenge)], _ request: PaymentRequest
  ) -> [(offer: RouteOffer, challenge: IssuedChallenge)] {
    guard offered.count > 1, let header = request.headers[ProtocolHeaders.acceptPayment],
      let accepted = try? AcceptPayment(parsing: header)
    else { return offered }
    let wanted = accepted.rank(offered) { ($0.offer.offer.key.name, $0.offer.offer.key.intent) }
    return wanted.isEmpty ? offered : wanted
  }

  /// A plain demand for payment names what the first offer is for.
  private func naming(_ offer: RouteOffer, in problem: PaymentProblem, _ route: Route) -> PaymentProblem {
    guard offer !== route.offers[0], problem.code == .paymentRequired,
      problem.detail.equalsBytes(of: route.challengeHead.problem.detail)
    else { return problem }
    return .paymentRequired(description: offer.offer.description)
  }

  private func isManagement(
    _ request: PaymentRequest, _ credential: AuthenticatedCredential, _ route: Route
  ) -> Bool {
    route.offers.contains { offer in
      credential.challenge.method.equalsBytes(of: offer.offer.key.name)
        && credential.challenge.intent.equalsBytes(of: offer.offer.key.intent)
        && purpose(request, credential, offer, route) == .management
    }
  }

  /// What a fresh challenge of an offer asks for. A management request keeps the price of the challenge it answers: nil, where its
  /// credential, `answered`, belongs to another offer.
  private func template(
    _ offer: RouteOffer, _ request: PaymentRequest, _ answered: AuthenticatedCredential?
  ) async throws -> OfferTemplate? {
    guard offer.fixed == nil, let answered else { return try await offer.template(for: request) }
    guard let template = try await template(offer, answered, request, .management),
      isBound(answered.challenge, template, offer)
    else { return nil }
    return template
  }

  private func issue(
    _ template: OfferTemplate, _ offer: RouteOffer, _ request: PaymentRequest, _ route: Route,
    _ now: Timestamp, evidence: (any Sendable)?, digest: String?
  ) async throws -> IssuedChallenge {
    let purpose = purpose(request, nil, offer, route)
    let context = ChallengeContext(request: request, purpose: purpose, evidence: evidence, now: now)
    var hinted: RawRequest?
    if let value = await offer.method.challengeRequest(template.prepared, context) {
      hinted = try? RawRequest(value)
      if let text = hinted?.encoded, text.utf8.count > limits.maxRequestCharacters { hinted = nil }
    }
    return try issuer.issue(
      template, at: now, lifetimeSeconds: route.options.lifetimeSeconds, request: hinted, digest: digest)
  }

  private func append(
    _ issued: [(offer: RouteOffer, challenge: IssuedChallenge)], to headers: inout HTTPFields
  ) {
    if compatibility.mergeChallengesInOneField {
      headers[.wwwAuthenticate] = issued.map(\.challenge.headerValue).joined(separator: ", ")
      return
    }
    for (_, challenge) in issued {
      // Everything in it was escaped when the template was made: the strict examination of every byte would cost as much as the MAC.
      headers.append(HTTPField(name: .wwwAuthenticate, lenientValue: challenge.headerValue.utf8))
    }
  }

  /// A refusal without a challenge.
  func problem(_ problem: PaymentProblem, _ route: Route) -> PaymentOutcome {
    metrics.count(.problem, intent: route.offers[0].offer.key.intent)
    return .problem(Self.response(problem))
  }

  /// No offer could be priced. A request that cannot be content is not to blame: what is wrong with it is said without a challenge,
  /// and where nothing is wrong, because it brought no credential, content has to be asked for its price (`04` §17, D12).
  private func unpriced(
    _ problem: PaymentProblem, _ failure: (any Error)?, _ request: PaymentRequest, _ route: Route,
    isAnswered: Bool
  ) -> PaymentOutcome {
    if isAnswered { return self.problem(problem, route) }
    let isManagement = eligible(request, route).allSatisfy { purpose(request, nil, $0, route) == .management }
    guard isManagement, !(failure is PaymentProblem) else {
      return self.problem(Self.problem(forPriceFailure: failure, logger), route)
    }
    if problem.code == .paymentRequired, route.isNeverContent(request.method) { return notAllowed(route) }
    return self.problem(problem, route)
  }

  /// No offer could be priced: the application's own problem, or an internal error without its text.
  private static func problem(forPriceFailure error: (any Error)?, _ logger: Logger) -> PaymentProblem {
    if let problem = error as? PaymentProblem { return problem }
    if let error { logger.error("no price for a paid route", metadata: Redaction.metadata(error: error)) }
    return .internalError()
  }

  static func response(
    _ problem: PaymentProblem, challengeID: String? = nil, template: ProblemTemplate? = nil
  ) -> PaymentResponse {
    var headers = ResponseHeaders.problem
    if let seconds = problem.retryAfter { headers[.retryAfter] = String(seconds) }
    if let template, let challengeID, problem.code == .paymentRequired,
      problem.detail == template.problem.detail
    {
      return PaymentResponse(
        status: problem.status, headers: headers, body: template.body(challengeID: challengeID))
    }
    var problem = problem
    problem.challengeID = challengeID
    return PaymentResponse(
      status: problem.status, headers: headers, body: Array(problem.body().serialized().utf8))
  }
}
