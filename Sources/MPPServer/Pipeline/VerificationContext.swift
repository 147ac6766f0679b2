public import Logging
public import MPPCore

/// What a method may know of the request whose credential it looks at. Nothing in it can be changed or sent.
public struct VerificationContext: Sendable {
  /// The captured request. Unverified input, except that a credential of ours came with it.
  public let request: PaymentRequest
  /// The decision of ``ServerMethod/purpose(of:credential:)`` for this request; never decide again.
  public let purpose: RequestPurpose
  /// The offer the credential was bound to, with the price resolved for this request.
  public let prepared: PreparedOffer
  /// The author's terms of that offer.
  public var offer: Offer { reference.offer }
  private let reference: OfferReference
  /// When the price is charged. With `.beforeHandler` the pipeline commits the hold itself.
  public let charging: ChargeTiming
  /// Seconds a challenge of this route lives.
  public let challengeLifetime: Int64
  /// Seconds a challenge is taken after it has expired (``Compatibility/leewaySeconds``).
  public let leeway: Int64
  /// The time of this request; every decision of one request uses the same instant.
  public let now: Timestamp
  /// The server's; no credential, signature or secret may enter it.
  public let logger: Logger

  /// For tests of a method of your own; the server makes its own.
  ///
  /// - Parameters:
  ///   - challengeLifetime: seconds.
  ///   - leeway: seconds.
  public init(
    request: PaymentRequest, purpose: RequestPurpose, prepared: PreparedOffer, offer: Offer,
    charging: ChargeTiming, challengeLifetime: Int64 = 300, leeway: Int64 = 0, now: Timestamp, logger: Logger
  ) {
    self.init(
      request: request, purpose: purpose, prepared: prepared, reference: OfferReference(offer),
      charging: charging, challengeLifetime: challengeLifetime, leeway: leeway, now: now, logger: logger)
  }

  init(
    request: PaymentRequest, purpose: RequestPurpose, prepared: PreparedOffer, reference: OfferReference,
    charging: ChargeTiming, challengeLifetime: Int64, leeway: Int64, now: Timestamp, logger: Logger
  ) {
    self.request = request
    self.purpose = purpose
    self.prepared = prepared
    self.reference = reference
    self.charging = charging
    self.challengeLifetime = challengeLifetime
    self.leeway = leeway
    self.now = now
    self.logger = logger
  }
}

/// What a method may know when it adds hints to a fresh challenge.
public struct ChallengeContext: Sendable {
  /// The captured request; unverified input.
  public let request: PaymentRequest
  /// Content or management, from the request alone.
  public let purpose: RequestPurpose
  /// What the method had established before it refused, if it said so with ``PaymentRefusal``. Only this
  /// identifies a payer; headers, cookies and the payload do not (C20, W4).
  public let evidence: (any Sendable)?
  /// The time of this request, the same for all its challenges.
  public let now: Timestamp

  /// For tests of a method of your own; the server makes its own.
  public init(
    request: PaymentRequest, purpose: RequestPurpose, evidence: (any Sendable)?, now: Timestamp
  ) {
    self.request = request
    self.purpose = purpose
    self.evidence = evidence
    self.now = now
  }
}

/// When a held price is charged (DESIGN §4).
public enum ChargeTiming: Sendable, Hashable {
  /// After the response was handed to the transport; a handler that fails is not charged.
  case onDelivery
  /// Before the handler runs, kept whatever it does: the reference's timing.
  case beforeHandler
}
