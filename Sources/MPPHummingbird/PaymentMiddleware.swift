import HTTPTypes
public import MPPServer

/// The gate in front of paid routes, made by ``MPPServer/PaymentServer/charge(_:recipient:description:options:)``,
/// ``MPPServer/PaymentServer/session(_:per:suggestedDeposit:options:)`` or ``MPPServer/PaymentServer/gate(offers:options:)``, and used with `add(middleware:)` on a router or a group.
///
/// Deliberately not a plain Hummingbird middleware: those run only for the methods an endpoint declares,
/// and a path paid by sessions also answers the payment protocol's own `HEAD` and `POST`. `add(middleware:)` gives a
/// ``PaidRouterGroup``, which takes care of that.
public struct PaymentMiddleware<Context: PaidContext>: Sendable {
  let server: PaymentServer
  let offers: [Offer]
  let options: RouteOptions
  /// Whether its paths also answer the payment protocol's own requests.
  let hasManagement: Bool

  /// Checks the offers now, so that a mistake shows at start-up.
  init(
    server: PaymentServer, offers: [Offer], options: RouteOptions
  ) throws(ConfigurationError) {
    hasManagement = try server.route(.get, "/", offers: offers, options: options).hasManagement
    self.server = server
    self.offers = offers
    self.options = options
  }
}

extension PaymentServer {
  /// A gate that takes one payment of `price` on the chain for each request, or, where the price is `"0"`, a proof of who asks.
  ///
  /// The payment is settled before the handler runs; when the handler fails, the same payment may be redeemed once more. Its challenge
  /// is bound to the path and to the body of the request, which is collected up to ``ServerLimits/maxBodyBytes``.
  ///
  /// Stops the program when the offer is not valid; with values from outside use ``gate(offers:options:)``, which throws.
  /// - Parameter recipient: who is paid; the server's account when nil.
  public func charge<Context: PaidContext>(
    _ price: Price, recipient: String? = nil, description: String? = nil,
    options: RouteOptions = RouteOptions()
  ) -> PaymentMiddleware<Context> {
    do throws(ConfigurationError) {
      return try gate(
        offers: [.charge(price, recipient: recipient, description: description)], options: options)
    } catch {
      preconditionFailure("payments.charge(…) is not valid: \(error)")
    }
  }

  /// A gate that charges `price` for every `unit` over a payment channel.
  ///
  /// Stops the program when the offer is not valid, for example a price with more digits than the token
  /// has; with values from outside use ``gate(offers:options:)``, which throws.
  public func session<Context: PaidContext>(
    _ price: Price, per unit: String, suggestedDeposit: String? = nil,
    options: RouteOptions = RouteOptions()
  ) -> PaymentMiddleware<Context> {
    do throws(ConfigurationError) {
      return try gate(
        offers: [.session(price, per: unit, suggestedDeposit: suggestedDeposit)], options: options)
    } catch {
      preconditionFailure("payments.session(…) is not valid: \(error)")
    }
  }

  /// A gate with one or more offers; the payer chooses.
  public func gate<Context: PaidContext>(
    offers: [Offer], options: RouteOptions = RouteOptions()
  ) throws(ConfigurationError) -> PaymentMiddleware<Context> {
    try PaymentMiddleware(server: self, offers: offers, options: options)
  }
}
