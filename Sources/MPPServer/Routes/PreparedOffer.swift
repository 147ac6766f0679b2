public import MPPCore

/// An offer with its price filled in: the wire request and whatever the method wants to find again when it
/// verifies. Immutable; made once per route for a fixed price.
public struct PreparedOffer: Sendable {
  /// The request object of the challenge (`01` §10); canonical form and encoding are made by the issuer.
  public let request: JSONValue
  /// The price in base units.
  public let amount: Amount
  /// The method's own view of the offer, typically its typed request. Cast once by the validator.
  public let state: any Sendable

  /// - Parameters:
  ///   - request: states the same price as `amount`.
  ///   - amount: base units.
  ///   - state: found again in ``VerificationContext/prepared`` and by
  ///     ``ServerMethod/challengeRequest(_:_:)``.
  public init(request: JSONValue, amount: Amount, state: any Sendable = ()) {
    self.request = request
    self.amount = amount
    self.state = state
  }
}
