public import HTTPTypes
public import Logging
public import MPPCore

/// A server that is paid: one registry of methods, one ledger, one pipeline (`11` §4, §5).
///
/// Make routes with ``route(_:_:offers:options:)``, pass each request through ``authorize(_:for:siblings:)``, and run
/// the server as a `Service` so that settlement and clean-up happen. Immutable after `init`.
public final class PaymentServer: Sendable {
  /// The protection space of every challenge. Always configured, never taken from a request (`01` §4.6).
  public let realm: String
  /// Where payments are recorded. ``shutdown()`` closes it; no other server may have it.
  public let ledger: Ledger
  /// Bounds on what is read of a request and kept for a route.
  public let limits: ServerLimits
  /// Where the server departs from this package's defaults, for mixed fleets.
  public let compatibility: Compatibility
  /// What happens, as bounded streams.
  public let events: PaymentEvents
  /// Takes the messages of the engine and of the methods.
  public let logger: Logger
  let registry: MethodRegistry
  let mac: ChallengeMAC
  let pipeline: VerificationPipeline
  let reaper: HoldReaper

  /// Reads the secrets, opens the methods on the ledger and checks the configuration.
  ///
  /// - Parameters:
  ///   - realm: the protection space, normally the host name.
  ///   - secrets: sign challenges; the first is current, all verify; at least 32 bytes each.
  ///   - ledger: where the money is kept, for example `.sqlite(at: "payments.db")`; one ledger serves one server.
  ///     A ledger over a store that forgets refuses to exist unless it was made with `allowVolatileLedger: true` (U7).
  ///   - methods: for example `[.tempo(…)]`.
  /// - Throws: ``ConfigurationError``, or the error of a method or the store.
  ///   The ledger is still open then, and free unless another server has it.
  public init(
    realm: String, secrets: SecretSource, ledger: Ledger, methods: [PaymentMethod],
    limits: ServerLimits = ServerLimits(), compatibility: Compatibility = Compatibility(),
    clock: any WallClock = SystemWallClock(), random: any RandomSource = SystemRandomSource(),
    logger: Logger = Logger(label: "mpp.server")
  ) async throws {
    guard !realm.isEmpty else { throw ConfigurationError(.realm, "the realm is empty") }
    try limits.check()
    self.realm = realm
    self.limits = limits
    self.compatibility = compatibility
    self.logger = logger
    mac = ChallengeMAC(secrets: try await Self.ring(secrets))
    self.ledger = ledger
    let environment = MethodEnvironment(
      realm: realm, ledger: ledger, clock: clock, random: random, logger: logger)
    registry = try await Self.registry(methods, environment)
    events = PaymentEvents()
    reaper = HoldReaper()
    pipeline = VerificationPipeline(
      issuer: ChallengeIssuer(mac: mac, random: random, hasEntropy: compatibility.idEntropyInExpires),
      authenticator: CredentialAuthenticator(mac: mac), limits: limits, compatibility: compatibility,
      clock: clock, logger: logger, events: events,
      metrics: ServerMetrics(intents: registry.all.map(\.key.intent)), reaper: reaper)
  }

  /// Takes the ledger and builds the methods on it. Not in the initialiser: Swift 6.3's optimiser crashes on a `do` with suspensions in
  /// one, and release builds with it.
  private static func registry(
    _ methods: [PaymentMethod], _ environment: MethodEnvironment
  ) async throws -> MethodRegistry {
    try environment.ledger.attach()
    do {
      var built: [any ServerMethod] = []
      for method in methods { built += try await method.build(environment) }
      return try MethodRegistry(built)
    } catch {
      environment.ledger.detach()
      throw error
    }
  }

  private static func ring(_ source: SecretSource) async throws -> SecretRing {
    let secrets = try await source.load().map { Secret($0) }
    do throws(SecretError) {
      return try SecretRing(secrets)
    } catch {
      throw ConfigurationError(.secret, "\(source): \(error); `openssl rand -base64 32` makes a good one")
    }
  }

  /// Looks at the credential of a request as ``authorize(_:for:siblings:)`` would, and stops before anything is paid (finding D5).
  ///
  /// Reads the ledger and, where a method needs it, the chain, dry runs of transactions included; asks the application for a
  /// computed price, and whether the account may pay. Nothing is written, claimed, signed, sent or held, no event is emitted, and
  /// the credential pays afterwards as if it had not been looked at. For gateways that decide who is let through, and for
  /// `validate` commands.
  ///
  /// An answer is no promise: a moment later somebody may have used the payment, or the balance may be gone. Only
  /// ``authorize(_:for:siblings:)`` pays.
  ///
  /// - Throws: the problem document with which `authorize` would refuse the request, without a fresh challenge; `payment-required`
  ///   when there is no credential.
  public func validate(
    _ request: PaymentRequest, for route: Route, siblings: [Route] = []
  ) async throws(PaymentProblem) -> ValidatedCredential {
    try await pipeline.validate(request, route, siblings: siblings)
  }

  /// Decides about one request: the four outcomes are all there are, and none is an exception.
  ///
  /// The credential is validated, which changes nothing (``validate(_:for:siblings:)`` does only that), and what is valid is settled:
  /// claimed, sent where the server sends, and held. When the outcome is `proceed`, the payment is durable
  /// and its price is held; report ``Payment/delivered()`` or ``Payment/failed()``. Repeating a request is
  /// safe: what a repetition costs is the method's rule (for sessions `04` §20).
  ///
  /// - Parameter siblings: routes of other methods at the same resource, whose challenges a management
  ///   request may answer here.
  public func authorize(
    _ request: PaymentRequest, for route: Route, siblings: [Route] = []
  ) async -> PaymentOutcome {
    await pipeline.run(request, route, siblings: siblings)
  }
}
