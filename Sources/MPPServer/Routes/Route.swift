public import HTTPTypes

/// A paid route: an immutable list of offers (a single price is a list of one), bound to the declared
/// method and pattern. Made once by ``PaymentServer/route(_:_:offers:options:)``.
public final class Route: Sendable {
  /// `METHOD pattern` of the declared content route, bound into every challenge; `nil` when switched off.
  public let scope: String?
  /// As given to ``PaymentServer/route(_:_:offers:options:)``.
  public let options: RouteOptions
  let offers: [RouteOffer]
  let challengeHead: ProblemTemplate
  /// What `HEAD` asks for in its place; nil when no offer has a preflight.
  let preflight: Route?
  /// Whether an adapter must collect the body before it calls `authorize`.
  public let collectsBody: Bool
  /// Whether a challenge of some offer is bound to the body of its request.
  let bindsBody: Bool

  init(
    scope: String?, options: RouteOptions, offers: [RouteOffer], challengeHead: ProblemTemplate,
    preflight: Route? = nil
  ) {
    self.preflight = preflight
    self.scope = scope
    self.options = options
    self.offers = offers
    self.challengeHead = challengeHead
    bindsBody = offers.contains(where: \.bindsBody)
    collectsBody = options.collectsBody || bindsBody
  }

  /// Whether the payment protocol has requests of its own at this resource, `HEAD` and `POST`: an adapter must pass them on.
  public var hasManagement: Bool { offers.contains { !$0.method.isOneTime } }

  /// Whether requests with this method can never be content here, whatever their framing (`04` §17, B2).
  func isNeverContent(_ method: HTTPRequest.Method) -> Bool {
    options.contentMethods.map { !$0.contains(method) } ?? false
  }
}

/// Options of a route, with the defaults of DESIGN §4.
public struct RouteOptions: Sendable, Hashable {
  /// Whether a challenge names the digest of the body of its request, so that only that body redeems it (`01` §7). A challenge for
  /// a request without a body names none, and a request with a body does not redeem it.
  public enum BodyBinding: Sendable, Hashable {
    /// What one payment pays for is bound; what pays for many requests is not.
    case automatic
    /// Never, for bodies that are too large to collect.
    case none
    /// Always, also for what pays for many requests. The adapter collects the body then, up to
    /// ``ServerLimits/maxBodyBytes``.
    case digest
  }

  /// What a challenge says of the route it was issued for, so that it pays at no other (`01` §4.7).
  public enum Scope: Sendable, Hashable {
    /// `METHOD pattern` of the declared route.
    case declared
    /// A text of your own. Routes that share one take each other's challenges when their terms agree.
    case text(String)
    /// Nothing: every route of the server whose terms agree takes the challenge.
    case none
  }

  /// What binds a challenge to the route. ``Scope/declared`` binds nothing where
  /// ``Compatibility/scopeBinding`` is off.
  public var scope: Scope
  /// When the held price is charged.
  public var charging: ChargeTiming
  /// Whether challenges name the digest of their request's body.
  public var bodyBinding: BodyBinding
  /// Collect the body although no digest is bound, for a computed price that looks at it.
  public var collectsBody: Bool
  /// The methods that can be content on this route; requests with others are management. `nil`: any.
  public var contentMethods: Set<HTTPRequest.Method>?
  /// Lifetime of a challenge, 1 or more.
  public var lifetimeSeconds: Int64

  /// By default bound to the declared route, charged on delivery, the body bound where one payment pays for
  /// one request, any method content, challenges alive for 300 seconds.
  public init(
    scope: Scope = .declared, charging: ChargeTiming = .onDelivery,
    bodyBinding: BodyBinding = .automatic,
    collectsBody: Bool = false, contentMethods: Set<HTTPRequest.Method>? = nil,
    lifetimeSeconds: Int64 = 300
  ) {
    self.scope = scope
    self.charging = charging
    self.bodyBinding = bodyBinding
    self.collectsBody = collectsBody
    self.contentMethods = contentMethods
    self.lifetimeSeconds = lifetimeSeconds
  }
}
