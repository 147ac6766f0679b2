public import MPPCore

/// How much a client puts into a channel, and when it adds to it (`05` §5). Base units.
public struct DepositPolicy: Sendable, Hashable {
  /// The most this client deposits in one channel, top-ups included. The server cannot raise it.
  public let cap: Amount
  /// Preferred opening deposit when the server suggests none; nil: exactly one price.
  public var preferredOpening: Amount?
  /// Preferred size of a top-up; nil: what the server suggests, else the shortfall.
  public var preferredTopUp: Amount?

  /// - Parameter cap: base units; every deposit and top-up stays within it, whatever the server asks for.
  public init(cap: Amount, preferredOpening: Amount? = nil, preferredTopUp: Amount? = nil) {
    self.cap = cap
    self.preferredOpening = preferredOpening
    self.preferredTopUp = preferredTopUp
  }

  /// The deposit of a new channel (`05` §5.1).
  /// - Parameter explicit: an amount the user named; used as it is, but never above the cap.
  /// - Parameter suggested: the server's wish; only ever a wish (T2).
  public func opening(
    price: Amount, suggested: Amount?, explicit: Amount? = nil
  ) throws(VoucherPolicyError) -> Amount {
    guard price > .zero else { throw .priceIsZero }
    guard price <= cap else { throw .capExceeded(required: price, cap: cap) }
    if let explicit {
      guard explicit >= price else { throw .depositExceeded(required: price, deposit: explicit) }
      guard explicit <= cap else { throw .capExceeded(required: explicit, cap: cap) }
      return explicit
    }
    return min(max(suggested ?? preferredOpening ?? price, price), cap)
  }

  /// What to add so that a voucher for `required` is covered; zero when it already is (`05` §5.2).
  /// - Parameter deposit: read from the chain, not believed from the server (CD5).
  public func topUp(
    deposit: Amount, required: Amount, suggested: Amount?
  ) throws(VoucherPolicyError) -> Amount {
    guard required > deposit else { return .zero }
    guard required <= cap else { throw .capExceeded(required: required, cap: cap) }
    do {
      let shortfall = try required.subtracting(deposit)
      let room = try cap.subtracting(deposit)
      return min(max(preferredTopUp ?? suggested ?? shortfall, shortfall), room)
    } catch {
      throw .outOfRange
    }
  }
}
