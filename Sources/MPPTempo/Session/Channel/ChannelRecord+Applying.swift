import MPPCore
import Tempo

extension ChannelRecord {
  /// The record after `transition`. Pure; the invariants of `04` §29 are checked on both sides.
  public func applying(_ transition: ChannelTransition) throws(ChannelTransitionError) -> ChannelRecord {
    var next = self
    try next.change(transition)
    return next
  }

  /// As ``applying(_:)``, in place. After an error the value is of no use.
  package mutating func change(_ transition: ChannelTransition) throws(ChannelTransitionError) {
    try step { record throws(ChannelTransitionError) in try record.apply(transition) }
  }

  /// As ``applying(_:)`` for a channel that may not be known yet: only ``ChannelTransition/open(_:)`` makes a record.
  public static func applying(
    _ transition: ChannelTransition, to record: ChannelRecord?
  ) throws(ChannelTransitionError) -> ChannelRecord {
    if let record { return try record.applying(transition) }
    guard case .open(let opening) = transition else { throw .notFound }
    return try ChannelRecord(opening: opening)
  }

  /// Accepts a voucher and, when `hold` is given, sets the price aside: one decision, made under the record's lock.
  ///
  /// When the voucher is good but the headroom is short, the voucher stays accepted and the decision says so, as `04` §20 wants it.
  ///
  /// - Throws: when the voucher is refused, or nothing may be held at all; the record is unchanged then.
  public func deciding(
    _ acceptance: VoucherAcceptance, hold request: HoldRequest?
  ) throws(ChannelTransitionError) -> ChannelDecision {
    var record = self
    let (voucher, hold) = try record.decide(acceptance, hold: request)
    return ChannelDecision(record: record, voucher: voucher, hold: hold)
  }

  /// As ``deciding(_:hold:)``, in place. After an error the value is of no use.
  package mutating func decide(
    _ acceptance: VoucherAcceptance, hold request: HoldRequest?
  ) throws(ChannelTransitionError) -> (voucher: VoucherOutcome, hold: HoldOutcome) {
    var voucher = VoucherOutcome.repeated
    var hold = HoldOutcome.notRequested
    try step { record throws(ChannelTransitionError) in
      voucher = try record.accept(acceptance)
      guard let request else { return }
      do throws(ChannelTransitionError) {
        hold = .held(try record.take(request))
      } catch {
        guard case .insufficientBalance(let requested, let available) = error else { throw error }
        hold = .short(requested: requested, available: available)
      }
    }
    return (voucher, hold)
  }

  private mutating func step(
    _ change: (inout ChannelRecord) throws(ChannelTransitionError) -> Void
  ) throws(ChannelTransitionError) {
    let before: ChannelInvariants.Before
    do throws(ChannelInvariantViolation) {
      try ChannelInvariants.check(self)
      before = ChannelInvariants.Before(self)
    } catch {
      throw .invariant(error)
    }
    try change(&self)
    do throws(ChannelInvariantViolation) {
      try ChannelInvariants.check(self)
      try ChannelInvariants.check(from: before, to: self)
    } catch {
      throw .invariant(error)
    }
  }

  private mutating func apply(_ transition: ChannelTransition) throws(ChannelTransitionError) {
    switch transition {
    case .open(let opening): try reopen(opening)
    case .acceptVoucher(let acceptance): _ = try accept(acceptance)
    case .acceptAndHold(let acceptance, let request):
      _ = try accept(acceptance)
      _ = try take(request)
    case .hold(let request): _ = try take(request)
    case .commit(let id): try commit(id)
    case .release(let id): releaseHolds { $0.id == id }
    case .releaseExpired(let now, let epoch): releaseHolds { $0.expires <= now && $0.id.epoch != epoch }
    case .renew(let ids, let expires): renewHolds(ids, expires)
    case .releaseAll(let epoch): releaseHolds { $0.id.epoch != epoch }
    case .mergeChainState(let observation): merge(observation)
    case .settled(let total, let mark, let block): try settle(total, mark, block)
    case .beginClose(let attempt): try beginClose(attempt)
    case .abortClose(let owner): try abortClose(owner)
    case .closed(let captured, let voucher, let block): try close(captured, voucher, block)
    case .withdrawn(let block):
      guard !finalized else { return }
      finalize(block)
    }
  }
}
