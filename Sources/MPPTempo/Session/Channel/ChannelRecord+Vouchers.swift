import MPPCore
import Tempo

// Opening, vouchers and holds.
extension ChannelRecord {
  /// A new record for a channel found open on the chain.
  init(opening: ChannelOpening) throws(ChannelTransitionError) {
    let observation = opening.observation
    guard
      opening.descriptor.channelID(escrow: opening.escrow, chainID: opening.chainID) == opening.channelID,
      opening.voucher.channelID == opening.channelID
    else { throw .foreignChannel }
    guard observation.deposit > .zero else { throw .notFunded }
    guard observation.closeRequestedAt == 0 else { throw .closeRequested }
    try Self.checkOpening(opening, deposit: observation.deposit, settled: observation.settled)
    identity = ChannelIdentity(
      channelID: opening.channelID, chainID: opening.chainID, escrow: opening.escrow,
      descriptor: opening.descriptor, createdAt: opening.now)
    deposit = observation.deposit
    settled = observation.settled
    closeRequestedAt = 0
    observedBlock = observation.block
    finalized = false
    loss = .zero
    history = [opening.voucher]
    // What the chain has paid out was delivered by somebody before: it is not available again.
    spent = observation.settled
    units = 0
    holds = []
    held = .zero
    closing = nil
    lastSettlement = nil
    do throws(ChannelInvariantViolation) {
      try ChannelInvariants.check(self)
    } catch {
      throw .invariant(error)
    }
  }

  mutating func reopen(_ opening: ChannelOpening) throws(ChannelTransitionError) {
    guard opening.channelID == channelID, opening.descriptor == descriptor, opening.chainID == chainID,
      opening.escrow == escrow, opening.voucher.channelID == channelID
    else { throw .foreignChannel }
    try Self.refuse(unlessOpen: phase)
    merge(opening.observation)
    // The chain may say by now that the payer wants to close, or that the channel is gone.
    try Self.refuse(unlessOpen: phase)
    try Self.checkOpening(opening, deposit: deposit, settled: settled)
    if opening.voucher.cumulativeAmount >= accepted { append(opening.voucher) }
    spent = max(spent, settled)
  }

  private static func checkOpening(
    _ opening: ChannelOpening, deposit: Amount, settled: Amount
  ) throws(ChannelTransitionError) {
    let amount = opening.voucher.cumulativeAmount
    guard ChannelInvariants.isPlausible(opening.voucher.signature) else { throw .malformedSignature }
    guard amount <= deposit else { throw .exceedsDeposit(amount: amount, deposit: deposit) }
    guard amount >= settled else { throw .belowSettled(amount: amount, settled: settled) }
  }

  /// `04` §18.3, V6 to V14 and B2, in this order.
  mutating func accept(_ acceptance: VoucherAcceptance) throws(ChannelTransitionError) -> VoucherOutcome {
    let voucher = acceptance.voucher
    let amount = voucher.cumulativeAmount
    guard voucher.channelID == channelID else { throw .foreignChannel }
    try Self.refuse(unlessOpen: phase)
    guard amount <= deposit else { throw .exceedsDeposit(amount: amount, deposit: deposit) }
    let isAcceptable = amount >= accepted || amount >= acceptance.comparedWith || recognizes(voucher)
    guard isAcceptable else { throw .belowAccepted(amount: amount, accepted: accepted) }
    guard amount > settled else { throw .belowSettled(amount: amount, settled: settled) }
    if amount <= accepted { return amount == accepted || recognizes(voucher) ? .repeated : .superseded }
    let delta = Amount(units: amount.units - accepted.units)
    guard delta >= acceptance.minimumDelta else {
      throw .deltaTooSmall(delta: delta, minimum: acceptance.minimumDelta)
    }
    guard ChannelInvariants.isPlausible(voucher.signature) else { throw .malformedSignature }
    append(voucher)
    return .raised
  }

  /// Puts a voucher not below the highest one into the history. The oldest one leaves when it is full, except for the largest
  /// one not above `spent`: that one is worth money.
  mutating func append(_ voucher: SignedVoucher) {
    if history.last?.cumulativeAmount == voucher.cumulativeAmount { history.removeLast() }
    if history.count >= Self.historyLimit {
      let settleable = history.lastIndex { $0.cumulativeAmount <= spent }
      history.remove(at: settleable == 0 ? 1 : 0)
    }
    history.append(voucher)
  }

  mutating func take(_ request: HoldRequest) throws(ChannelTransitionError) -> Hold {
    try Self.refuse(unlessOpen: phase)
    guard request.amount > .zero else { throw .zeroAmount }
    if available < request.amount || holds.count >= Self.holdLimit {
      // A process knows its own holds: a slow delivery of this one is still a delivery, and will be charged.
      releaseHolds { $0.expires <= request.now && $0.id.epoch != request.id.epoch }
    }
    guard available >= request.amount else {
      throw .insufficientBalance(requested: request.amount, available: available)
    }
    guard holds.count < Self.holdLimit else { throw .tooManyHolds }
    let position = holds.lastIndex { $0.id <= request.id }
    if let position, holds[position].id == request.id { throw .duplicateHold }
    let hold = Hold(id: request.id, amount: request.amount, expires: request.expires)
    holds.insert(hold, at: position.map { $0 + 1 } ?? 0)
    held = try Self.sum(held, request.amount)
    return hold
  }

  mutating func commit(_ id: HoldID) throws(ChannelTransitionError) {
    guard let index = holds.firstIndex(where: { $0.id == id }) else { throw .unknownHold }
    let hold = holds.remove(at: index)
    held = try Self.difference(held, hold.amount)
    spent = try Self.sum(spent, hold.amount)
    let (count, overflow) = units.addingReportingOverflow(1)
    guard !overflow else { throw .overflow }
    units = count
  }

  mutating func renewHolds(_ ids: Set<HoldID>, _ expires: Timestamp) {
    for index in holds.indices where ids.contains(holds[index].id) && holds[index].expires < expires {
      let hold = holds[index]
      holds[index] = Hold(id: hold.id, amount: hold.amount, expires: expires)
    }
  }

  /// The sum is formed again: it cannot go wrong however the holds came to be.
  mutating func releaseHolds(where isReleased: (Hold) -> Bool) {
    guard holds.contains(where: isReleased) else { return }
    holds.removeAll(where: isReleased)
    held = Amount(units: holds.reduce(0) { $0 + $1.amount.units })
  }

  // Of the type, not of a record: a call on one that is being changed would copy it.
  private static func refuse(unlessOpen phase: ChannelPhase) throws(ChannelTransitionError) {
    switch phase {
    case .open: return
    case .forced: throw .closeRequested
    case .closing: throw .closing
    case .finalized: throw .finalized
    }
  }

  private static func sum(_ left: Amount, _ right: Amount) throws(ChannelTransitionError) -> Amount {
    do throws(AmountError) { return try left.adding(right) } catch { throw .overflow }
  }

  private static func difference(_ left: Amount, _ right: Amount) throws(ChannelTransitionError) -> Amount {
    do throws(AmountError) { return try left.subtracting(right) } catch { throw .overflow }
  }
}
