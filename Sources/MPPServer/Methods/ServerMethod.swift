public import MPPCore

/// A payment method on the server: turns offers into wire requests, looks at credentials, and settles them.
///
/// Order of calls: ``prepare(_:amount:)`` when a route is made (and per request for a computed price) →
/// for a credential, after its MAC was checked: ``purpose(of:credential:)``, route binding, expiry,
/// digest, then the ``validator``, which moves nothing, then ``settle(_:)``, which alone moves money → for every refusal and for
/// requests without a credential: ``challengeRequest(_:_:)``. Nothing of a credential reaches a method before its MAC was checked.
public protocol ServerMethod: Sendable {
  /// What looks at credentials; it gets readers only.
  associatedtype Validator: CredentialValidator

  /// What the method is registered under; two methods with one key are an error at start-up.
  var key: MethodKey { get }

  /// Whether one challenge pays for one request. Such a challenge is bound to the body of its request unless the route says otherwise
  /// (``RouteOptions/BodyBinding/automatic``), and only content redeems it: there is no management. The default is `false`.
  var isOneTime: Bool { get }

  /// The wire request for `offer` at `amount`. Pure: the same arguments give the same request text.
  /// Throws ``ConfigurationError`` (or any error, which is reported the same way) when the offer cannot
  /// be served; that must include every mistake a payer would otherwise see later (W18).
  func prepare(_ offer: Offer, amount: OfferAmount) throws -> PreparedOffer

  /// The offer that asks who a payer is, and nothing else, at a route with `offer`: its challenges answer `HEAD` requests there, and its
  /// credentials are always management (`04` §16). `nil`: `HEAD` is no question of that kind. Its method must be registered; it may share
  /// name and intent with one that is paid for: with `HEAD` a credential of these answers the question.
  func preflight(for offer: Offer) -> Offer?

  /// The one content/management decision of a request. Pure and cheap. `credential` is `nil` when there
  /// is none or it was refused before the method could look at it; its payload is unverified.
  func purpose(of request: PaymentRequest, credential: AuthenticatedCredential?) -> RequestPurpose

  /// Looks at credentials, without any means to move money.
  var validator: Validator { get }

  /// Takes what a valid credential pays: the only step that claims, signs, sends, writes and holds the price.
  ///
  /// Whatever the validator saw may have changed: what decides is checked again, in the same step that changes it. When it returns,
  /// whatever the answer depends on is durable. It must be safe to call again with the same credential, also concurrently.
  /// Throws as ``CredentialValidator/validate(_:_:)`` does.
  func settle(_ valid: Validator.Valid) async throws -> Verification

  /// Writes down what the validator had found out when it refused a credential that was to be paid with
  /// (``PaymentRefusal/evidence``), for example what the chain says of a channel. Moves no money; the default does nothing.
  func keep(_ evidence: any Sendable) async

  /// The request of a fresh challenge with hints for this request added, or `nil` for none. The price is
  /// already resolved (A5). Hints are a courtesy: no chain call, at most one read of the store, and every
  /// failure means `nil`. What identifies a payer goes only where `context` carries evidence (W4).
  func challengeRequest(_ offer: PreparedOffer, _ context: ChallengeContext) async -> JSONValue?

  /// Says by throwing that the server must not start. Called once before ``run()``, which waits for it: what may take long belongs
  /// there. Other methods do not wait, and requests may be answered meanwhile.
  func start() async throws
  /// Background work until the task is cancelled, and first what the last run of the process left open (reconciliation); returns at
  /// once if there is none.
  func run() async throws
  /// Called once after the last request; returns when everything queued is durable.
  func shutdown() async
}

extension ServerMethod {
  /// The default: a challenge pays for many requests and is not bound to a body.
  public var isOneTime: Bool { false }
  /// The default: every request is content.
  public func purpose(of request: PaymentRequest, credential: AuthenticatedCredential?) -> RequestPurpose {
    .content
  }
  /// The default: none.
  public func preflight(for offer: Offer) -> Offer? { nil }
  /// The default: the evidence is dropped.
  public func keep(_ evidence: any Sendable) async {}
  /// The default: no hints.
  public func challengeRequest(_ offer: PreparedOffer, _ context: ChallengeContext) async -> JSONValue? {
    nil
  }
  /// The default: nothing is in the way.
  public func start() async throws {}
  /// The default: no background work.
  public func run() async throws {}
  /// The default: nothing is queued.
  public func shutdown() async {}
}
