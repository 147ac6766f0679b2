import MPPCore
import Synchronization

/// The author's terms in one place: they are handed on with every request.
final class OfferReference: Sendable {
  let offer: Offer

  init(_ offer: Offer) { self.offer = offer }
}

/// An offer of a route with its method and its ready-made challenges.
final class RouteOffer: Sendable {
  let reference: OfferReference
  let method: any ServerMethod
  /// Told what becomes of its payments.
  let observer: PaymentObserver
  /// Whether its challenges name the digest of the body.
  let bindsBody: Bool
  /// The map bound as `opaque`, decoded.
  let meta: JSONValue?
  /// The only template of a fixed price.
  let fixed: OfferTemplate?
  var offer: Offer { reference.offer }
  private let opaque: String?
  private let realm: String
  private let mac: ChallengeMAC
  private let maxCachedPrices: Int
  /// Templates of computed prices, oldest first. Few, so a search is enough.
  private let cache = Mutex<[(amount: OfferAmount, template: OfferTemplate)]>([])

  init(
    offer: Offer, method: any ServerMethod, scope: String?, bindsBody: Bool, realm: String,
    mac: ChallengeMAC, limits: ServerLimits, observer: PaymentObserver
  ) throws(ConfigurationError) {
    reference = OfferReference(offer)
    self.observer = observer
    self.method = method
    self.bindsBody = bindsBody
    self.realm = realm
    self.mac = mac
    maxCachedPrices = limits.maxCachedPrices
    meta = try RouteBinding.meta(offer.meta, scope: scope)
    do throws(ChallengeError) {
      opaque = if let meta { try ChallengeParameters.opaque(meta) } else { nil }
    } catch {
      throw ConfigurationError(.offer, "meta cannot be bound: \(error)")
    }
    if case .fixed(let text) = offer.price {
      fixed = try Self.template(
        offer, method, .decimal(text), opaque: opaque, realm: realm, mac: mac)
    } else {
      fixed = nil
    }
  }

  /// The template for this request. A computed price is asked for; its error is the application's own.
  func template(for request: PaymentRequest) async throws -> OfferTemplate {
    if let fixed { return fixed }
    guard case .computed(let compute) = offer.price else {
      throw ConfigurationError(.offer, "the offer has no price")
    }
    return try template(for: .decimal(try await compute(request)))
  }

  /// The template at a given price; kept for the next request with the same price.
  func template(for amount: OfferAmount) throws(ConfigurationError) -> OfferTemplate {
    if let fixed { return fixed }
    if let cached = cache.withLock({ $0.first { $0.amount == amount } }) { return cached.template }
    let template = try Self.template(offer, method, amount, opaque: opaque, realm: realm, mac: mac)
    cache.withLock { cache in
      if cache.count >= maxCachedPrices { cache.removeFirst() }
      cache.append((amount, template))
    }
    return template
  }

  /// The template at the price of a challenge, whatever the price is now.
  func template(at amount: Amount) throws(ConfigurationError) -> OfferTemplate {
    guard fixed != nil else { return try template(for: .baseUnits(amount)) }
    return try Self.template(offer, method, .baseUnits(amount), opaque: opaque, realm: realm, mac: mac)
  }

  /// Whether a credential for one of the two could be taken for the other, so that their order would decide. Only fixed prices can
  /// be compared here.
  func isConfusable(with other: RouteOffer) -> Bool {
    guard offer.key == other.offer.key, let mine = fixed, let theirs = other.fixed, opaque == other.opaque
    else { return false }
    if mine.parameters.request == theirs.parameters.request { return true }
    // Hints are added to challenges that serve many requests; then only the pinned fields tell them apart.
    return !method.isOneTime && mine.pinned == theirs.pinned
  }

  private static func template(
    _ offer: Offer, _ method: any ServerMethod, _ amount: OfferAmount, opaque: String?, realm: String,
    mac: ChallengeMAC
  ) throws(ConfigurationError) -> OfferTemplate {
    let prepared: PreparedOffer
    do {
      prepared = try method.prepare(offer, amount: amount)
    } catch let error as ConfigurationError {
      throw error
    } catch {
      throw ConfigurationError(.offer, "\(offer.key): \(error)")
    }
    let request: RawRequest
    do throws(ChallengeError) {
      request = try RawRequest(prepared.request)
    } catch {
      throw ConfigurationError(.offer, "\(offer.key): the request cannot be encoded: \(error)")
    }
    return try OfferTemplate(
      prepared: prepared,
      parameters: ChallengeParameters(
        realm: realm, method: offer.key.name, intent: offer.key.intent, request: request,
        description: offer.description, opaque: opaque),
      mac: mac)
  }
}
