public import MPPCore

/// One way to pay for a route, in the author's terms. A method turns it into a wire request when the route
/// is made (`01` §14.2), so a mistake is found at start-up.
public struct Offer: Sendable {
  /// Which registered method serves the offer.
  public var key: MethodKey
  /// Per ``unit``, in units of the currency, not base units.
  public var price: Price
  /// What one price buys, for example `request` or `token`; sessions need it.
  public var unit: String?
  /// Overrides of the method's configuration, as spelt on the wire; `nil` means the method's own.
  public var currency: String?
  /// Who is paid, as spelt on the wire; `nil` means the method's own.
  public var recipient: String?
  /// Decimal text in units of the currency.
  public var suggestedDeposit: String?
  /// Shown to the payer; not protected by the challenge's MAC.
  public var description: String?
  /// Bound to the challenge as `opaque` (`01` §4.7).
  public var meta: [String: String]
  /// Further method options by their input names, for example `minVoucherDelta` (`04` §6.1).
  public var options: [JSONValue.Member]

  /// Checks nothing: what the method cannot serve is refused by ``PaymentServer/route(_:_:offers:options:)``.
  public init(
    key: MethodKey, price: Price, unit: String? = nil, currency: String? = nil,
    recipient: String? = nil, suggestedDeposit: String? = nil, description: String? = nil,
    meta: [String: String] = [:], options: [JSONValue.Member] = []
  ) {
    self.key = key
    self.price = price
    self.unit = unit
    self.currency = currency
    self.recipient = recipient
    self.suggestedDeposit = suggestedDeposit
    self.description = description
    self.meta = meta
    self.options = options
  }

  /// A payment channel that is charged `price` for every `unit`. Served by the registered Tempo session
  /// method, protocol `v2`.
  public static func session(
    _ price: Price, per unit: String, currency: String? = nil, suggestedDeposit: String? = nil,
    description: String? = nil, options: [JSONValue.Member] = []
  ) -> Offer {
    Offer(
      key: MethodKey(name: "tempo", intent: "session", version: "v2"), price: price, unit: unit,
      currency: currency, suggestedDeposit: suggestedDeposit, description: description, options: options)
  }

  /// One payment on the chain for one request; with a price of zero, a proof of who asks. Served by the registered Tempo charge
  /// method.
  ///
  /// - Parameters:
  ///   - currency: the token; the server's when nil.
  ///   - options: by their input names (`06` §1.2): `memo`, `splits`, `supportedModes`, `externalId`, and `feePayer: false` for a
  ///     charge that is not sponsored though the server has a fee payer.
  public static func charge(
    _ price: Price, currency: String? = nil, recipient: String? = nil, description: String? = nil,
    options: [JSONValue.Member] = []
  ) -> Offer {
    Offer(
      key: MethodKey(name: "tempo", intent: "charge"), price: price, currency: currency,
      recipient: recipient, description: description, options: options)
  }
}
