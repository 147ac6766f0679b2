public import HTTPTypes
import MPPCore

extension PaymentServer {
  /// A paid route. Every mistake in the offers is found here.
  ///
  /// - Parameters:
  ///   - method: the declared method of the content, bound into the challenge with `pattern`; management
  ///     requests with other methods present challenges of this route all the same (`01` §4.7).
  ///   - pattern: the declared pattern, for example `/items/:id`.
  ///   - offers: at least one; the order is the server's preference.
  /// - Throws: ``ConfigurationError``: `offer`, `unknownMethod` or `scope`; nothing of the route is kept.
  public func route(
    _ method: HTTPRequest.Method, _ pattern: String, offers: [Offer],
    options: RouteOptions = RouteOptions()
  ) throws(ConfigurationError) -> Route {
    guard options.lifetimeSeconds > 0 else {
      throw ConfigurationError(
        .offer, "challenges that live \(options.lifetimeSeconds) seconds are born expired")
    }
    guard !offers.isEmpty, offers.count <= limits.maxOffers else {
      throw ConfigurationError(.offer, "a route needs 1 to \(limits.maxOffers) offers")
    }
    let scope = scope(method, pattern, options)
    var bound: [RouteOffer] = []
    for offer in offers {
      let next = try bind(offer, scope, options)
      guard !bound.contains(where: { $0.isConfusable(with: next) }) else {
        throw ConfigurationError(
          .offer, "two offers as \(offer.key) cannot be told apart by what a credential repeats of them")
      }
      bound.append(next)
    }
    return Route(
      scope: scope, options: options, offers: bound,
      challengeHead: ProblemTemplate(.paymentRequired(description: offers[0].description)),
      preflight: try preflight(bound, pattern, options))
  }

  /// What `HEAD` asks for at a route, bound to `HEAD` and the pattern; nil when no method of it asks for anything.
  private func preflight(
    _ offers: [RouteOffer], _ pattern: String, _ options: RouteOptions
  ) throws(ConfigurationError) -> Route? {
    let scope = scope(.head, pattern, options)
    var bound: [RouteOffer] = []
    for offer in offers {
      guard let asked = offer.method.preflight(for: offer.offer) else { continue }
      let next = try bind(asked, scope, options)
      // One question for all offers that ask the same.
      if !bound.contains(where: { $0.isConfusable(with: next) }) { bound.append(next) }
    }
    guard let first = bound.first else { return nil }
    return Route(
      scope: scope, options: options, offers: bound,
      challengeHead: ProblemTemplate(.paymentRequired(description: first.offer.description)))
  }

  private func bind(
    _ offer: Offer, _ scope: String?, _ options: RouteOptions
  ) throws(ConfigurationError) -> RouteOffer {
    let method = try registry.method(for: offer.key)
    return try RouteOffer(
      offer: offer, method: method, scope: scope, bindsBody: bindsBody(method, options), realm: realm,
      mac: mac, limits: limits,
      observer: PaymentObserver(
        offer.key, isOneTime: method.isOneTime, events: events, metrics: pipeline.metrics, reaper: reaper))
  }

  private func scope(_ method: HTTPRequest.Method, _ pattern: String, _ options: RouteOptions) -> String? {
    switch options.scope {
    case .declared: compatibility.scopeBinding ? RouteBinding.scope(method: method, pattern: pattern) : nil
    case .text(let text): text
    case .none: nil
    }
  }

  private func bindsBody(_ method: any ServerMethod, _ options: RouteOptions) -> Bool {
    switch options.bodyBinding {
    case .automatic: compatibility.bodyBinding && method.isOneTime
    case .none: false
    case .digest: true
    }
  }
}
