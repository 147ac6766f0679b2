public import MPPCore

/// One request's share of a channel: what it costs, what its credential carries, and by how much it raised the
/// authorised amount. A logical request never raises by more than one price (`05` §6.2).
public struct VoucherReservation: Sendable, Hashable {
  /// What the caller accepted for this request, base units, above zero. Counted as delivered when the answer
  /// came.
  public let price: Amount
  /// The cumulative amount its voucher carries.
  public package(set) var target: Amount
  /// What this request has added to the authorised amount so far.
  public package(set) var raised: Amount
  /// How much of its price is an older authorisation that the server may have used up already. Above zero, the request
  /// must travel alone until it is answered: it finds out whether the amount is still there.
  public package(set) var doubtful: Amount

  /// The same share after `VoucherAccount.adopt(ownVoucher:)` found a higher voucher of ours.
  public func restarted() -> VoucherReservation {
    VoucherReservation(price: price, target: target, raised: .zero, doubtful: doubtful)
  }
}

/// The payer's numbers on one channel: what it authorised, what it got, what is on the way (`05` §0, §6).
///
/// All amounts are base units of the channel's token. Only the functions here change them, and none takes a number
/// from the server except to refuse (A1). Always: `confirmed + pending ≤ authorized`; at every raise: `authorized ≤ cap`
/// and `authorized ≤ deposit`.
public struct VoucherAccount: Sendable, Hashable {
  /// A: the highest cumulative amount in any voucher reserved or signed. Never falls.
  public private(set) var authorized: Amount
  /// Prices of the exchanges that were answered with what was paid for.
  public private(set) var delivered: Amount
  /// Authorised amounts the server has consumed without a delivery we saw: lost answers, as far as we can tell.
  public private(set) var writtenOff: Amount
  /// Σ prices of the requests in flight. Not stored: after a restart nothing is in flight.
  public private(set) var pending: Amount
  /// The part of `unused` that the server may have used up: authorised for requests whose answer never came. Not stored:
  /// after a restart everything unused is.
  public private(set) var doubtful: Amount
  /// The highest amount whose voucher may have left. Not stored: after a restart, everything authorised.
  public private(set) var presented: Amount
  /// D: what this client's own transactions deposited, as confirmed by the chain.
  public private(set) var deposit: Amount
  /// C: the most this client authorises and deposits on the channel.
  public let cap: Amount

  /// An account whose numbers were stored, or a new one.
  /// - Throws: `VoucherPolicyError.outOfRange` when the numbers contradict each other.
  public init(
    authorized: Amount = .zero, delivered: Amount = .zero, writtenOff: Amount = .zero, deposit: Amount,
    cap: Amount
  ) throws(VoucherPolicyError) {
    self.authorized = authorized
    self.delivered = delivered
    self.writtenOff = writtenOff
    self.pending = .zero
    self.doubtful = .zero
    self.presented = authorized
    self.deposit = deposit
    self.cap = cap
    // Above the cap is possible: the chain may have shown a capture that is. Then nothing can be added any more, but the
    // channel's deposit must stay recoverable.
    guard authorized <= .maxUInt96, deposit <= .maxUInt96, let slack else {
      throw .outOfRange
    }
    doubtful = slack
  }

  /// K: what is known to be consumed, delivered or not.
  public var confirmed: Amount { sum(delivered, writtenOff) }

  /// What was authorised, is not known to be consumed, and is not promised to a request in flight. An unconfirmed
  /// voucher is used again instead of stacking another on top.
  public var unused: Amount { slack ?? .zero }

  /// The most the payee may have a right to: what is known to be consumed, and what may be. A capture above it is a
  /// dispute. Meant for a channel without requests in flight.
  public var owed: Amount { sum(confirmed, doubtful) }

  /// The amount that may have been lost beyond what was delivered.
  public var exposure: Amount { difference(authorized, delivered) ?? .zero }

  /// Sets one price aside for a request and says which voucher it carries.
  ///
  /// - Parameters:
  ///   - price: what the caller accepted for this request; at least 1.
  ///   - minimumDelta: the smallest raise the server takes (`minVoucherDelta`), if it names one.
  ///   - maximumStep: the largest raise the user allows above the price; nil: none.
  ///   - limit: the most that may be authorised now, when that is less than ``cap``.
  public mutating func reserve(
    price: Amount, minimumDelta: Amount? = nil, maximumStep: Amount? = nil, limit: Amount? = nil
  ) throws(VoucherPolicyError) -> VoucherReservation {
    guard price > .zero else { throw .priceIsZero }
    guard let slack else { throw .outOfRange }
    let used = min(doubtful, price)
    if slack >= price {
      pending = sum(pending, price)
      doubtful = difference(doubtful, used) ?? .zero
      return VoucherReservation(price: price, target: authorized, raised: .zero, doubtful: used)
    }
    var step = difference(price, slack) ?? price
    if let minimumDelta, step < minimumDelta {
      let allowed = max(price, maximumStep ?? .zero)
      guard minimumDelta <= allowed else { throw .deltaExceedsStep(delta: minimumDelta, allowed: allowed) }
      step = minimumDelta
    }
    try raise(by: step, limit)
    pending = sum(pending, price)
    doubtful = difference(doubtful, used) ?? .zero
    return VoucherReservation(price: price, target: authorized, raised: step, doubtful: used)
  }

  /// The server refused a voucher whose amount it has passed, or whose headroom it says is used up.
  ///
  /// When a higher voucher is already out, the request is repeated with that one and nothing more is signed. Otherwise
  /// the unused amount is taken as consumed, and the request adds what is left of its one price.
  ///
  /// Call it only while no other request can raise the account, and none but `reservation`'s own answer is the reason.
  public mutating func refused(
    _ reservation: VoucherReservation, limit: Amount? = nil
  ) throws(VoucherPolicyError) -> VoucherReservation {
    var next = reservation
    if authorized > reservation.target {
      next.target = authorized
      return next
    }
    guard let step = difference(reservation.price, reservation.raised), step > .zero else {
      throw .refusedAtFullPrice(authorized: authorized)
    }
    guard let slack else { throw .outOfRange }
    try raise(by: step, limit)
    writtenOff = sum(writtenOff, sum(slack, step))
    doubtful = .zero
    next.target = authorized
    next.raised = sum(reservation.raised, step)
    next.doubtful = .zero
    return next
  }

  /// The reservation with the highest voucher that is out; nothing is added.
  public func renewed(_ reservation: VoucherReservation) -> VoucherReservation {
    var next = reservation
    next.target = authorized
    return next
  }

  /// The voucher of this reservation is handed out.
  public mutating func presented(_ reservation: VoucherReservation) {
    presented = max(presented, min(reservation.target, authorized))
  }

  /// The exchange was answered with what was paid for.
  public mutating func delivered(_ reservation: VoucherReservation) {
    pending = difference(pending, reservation.price) ?? .zero
    delivered = sum(delivered, reservation.price)
  }

  /// The exchange failed, or its outcome is unknown. The authorised amount stays (C24).
  /// - Parameter isOut: whether its voucher left: then the server may have used the amount up.
  public mutating func released(_ reservation: VoucherReservation, isOut: Bool = true) {
    pending = difference(pending, reservation.price) ?? .zero
    doubtful = min(sum(doubtful, isOut ? reservation.price : reservation.doubtful), unused)
  }

  /// Compares the server's requirement with what this client would sign anyway (A6).
  public func checkRequirement(_ required: Amount, price: Amount) throws(VoucherPolicyError) {
    let bound = sum(authorized, price)
    guard required <= bound else { throw .requirementExceedsBound(required: required, bound: bound) }
  }

  /// A voucher signed by us, above our own count, was shown and verified: another process used the channel.
  public mutating func adopt(ownVoucher amount: Amount) throws(VoucherPolicyError) {
    guard amount > authorized else { return }
    guard amount <= cap else { throw .capExceeded(required: amount, cap: cap) }
    writtenOff = sum(writtenOff, difference(amount, authorized) ?? .zero)
    authorized = amount
    presented = amount
  }

  /// Records the deposit the chain shows. While there is one it only grows: a smaller one is what a lagging node remembers (J7).
  public mutating func confirm(deposit: Amount) {
    self.deposit = max(self.deposit, deposit)
  }

  /// The chain shows a capture above everything we remember authorising.
  package mutating func acknowledge(capture: Amount) -> Bool {
    guard capture > authorized, let gap = difference(capture, authorized) else { return false }
    writtenOff = sum(writtenOff, gap)
    authorized = capture
    presented = capture
    return true
  }

  private mutating func raise(by step: Amount, _ limit: Amount?) throws(VoucherPolicyError) {
    let target = sum(authorized, step)
    let cap = min(cap, limit ?? cap)
    guard target <= .maxUInt96 else { throw .outOfRange }
    guard target <= cap else { throw .capExceeded(required: target, cap: cap) }
    guard target <= deposit else { throw .depositExceeded(required: target, deposit: deposit) }
    authorized = target
  }

  private var slack: Amount? { difference(authorized, sum(confirmed, pending)) }
}

/// All amounts here are below 2^96, so sums stay far inside `Amount`; should one not, it saturates and every
/// comparison that follows refuses.
private func sum(_ a: Amount, _ b: Amount) -> Amount {
  do { return try a.adding(b) } catch { return Amount(units: .max) }
}

private func difference(_ a: Amount, _ b: Amount) -> Amount? {
  guard a >= b else { return nil }
  do { return try a.subtracting(b) } catch { return nil }
}
