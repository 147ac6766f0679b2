public import MPPCore

/// What a route asks for, as an exact decimal in units of the currency ("0.01"), never a binary float.
public enum Price: Sendable {
  /// The same for every request; checked when the route is made.
  case fixed(String)
  /// Computed for each content request. Called for requests without a credential too, so it must be cheap
  /// and must not depend on who asks. It is not called for management requests: those keep the price of
  /// the challenge they answer (A5), also in a fresh challenge that comes with a refusal. A `HEAD` or `POST` that answers no challenge
  /// of this server is priced as content would be; where that throws it is told what is wrong with it, or 405, and never 500.
  ///
  /// A payment that was made at an earlier price is delivered at that price when it is on record;
  /// one that its payer broadcasts itself must find the price it was quoted, so a price with such payers holds for the life of a
  /// challenge (``RouteOptions/lifetimeSeconds``).
  case computed(@Sendable (PaymentRequest) async throws -> String)
}

extension Price: ExpressibleByStringLiteral {
  /// A fixed price, such as `"0.01"`. The text is checked when the route is made, not here.
  public init(stringLiteral value: String) { self = .fixed(value) }
}

/// A price on its way into a wire request.
public enum OfferAmount: Sendable, Hashable {
  /// In units of the currency; the method knows the decimals. More digits than decimals is an error.
  case decimal(String)
  /// In base units, taken from a challenge that this server issued.
  case baseUnits(Amount)
}
