import MPPCore

// What the chain does to a channel.
extension ChannelRecord {
  mutating func merge(_ observation: ChannelObservation) {
    guard !finalized, observation.block >= observedBlock else { return }
    guard observation.deposit > .zero else {
      finalize(observation.block)
      return
    }
    observedBlock = observation.block
    // While a channel exists neither of them falls: a smaller value is an older one in disguise.
    deposit = max(deposit, observation.deposit)
    settled = max(settled, observation.settled)
    closeRequestedAt = observation.closeRequestedAt
  }

  mutating func settle(
    _ total: Amount, _ mark: SettlementMark, _ block: UInt64
  ) throws(ChannelTransitionError) {
    guard !finalized else { throw .finalized }
    guard total <= deposit else { throw .contradiction }
    settled = max(settled, total)
    observedBlock = max(observedBlock, block)
    // By what only rises: a clock may have been ahead.
    if let last = lastSettlement, last.spent > mark.spent || last.units > mark.units { return }
    lastSettlement = SettlementMark(
      at: mark.at, spent: min(mark.spent, spent), units: min(mark.units, units))
  }

  mutating func beginClose(_ attempt: CloseAttempt) throws(ChannelTransitionError) {
    guard !finalized else { throw .finalized }
    if let closing, closing.owner != attempt.owner, attempt.now < closing.expires { throw .closing }
    let capture = max(spent, settled)
    var best = highestVoucher
    if let voucher = attempt.voucher {
      guard voucher.channelID == channelID else { throw .foreignChannel }
      guard ChannelInvariants.isPlausible(voucher.signature) else { throw .malformedSignature }
      guard voucher.cumulativeAmount <= .maxUInt96 else { throw .overflow }
      guard voucher.cumulativeAmount >= capture else {
        throw .belowCapture(amount: voucher.cumulativeAmount, capture: capture)
      }
      if voucher.cumulativeAmount >= accepted { best = voucher }
    }
    guard let best, best.cumulativeAmount >= capture else {
      throw .belowCapture(amount: best?.cumulativeAmount ?? .zero, capture: capture)
    }
    closing = CloseLease(owner: attempt.owner, expires: attempt.expires, voucher: best)
  }

  mutating func abortClose(_ owner: UInt64) throws(ChannelTransitionError) {
    guard !finalized else { throw .finalized }
    guard closing?.owner == owner else { throw .notCloser }
    closing = nil
  }

  mutating func close(
    _ captured: Amount, _ voucher: SignedVoucher?, _ block: UInt64
  ) throws(ChannelTransitionError) {
    guard captured <= .maxUInt96 else { throw .overflow }
    guard finalized || captured <= deposit else { throw .contradiction }
    if let voucher {
      guard voucher.channelID == channelID else { throw .foreignChannel }
      guard ChannelInvariants.isPlausible(voucher.signature) else { throw .malformedSignature }
      guard voucher.cumulativeAmount <= .maxUInt96 else { throw .overflow }
      if voucher.cumulativeAmount >= accepted { append(voucher) }
    }
    settled = max(settled, captured)
    finalize(block)
  }

  mutating func finalize(_ block: UInt64) {
    finalized = true
    deposit = .zero
    closeRequestedAt = 0
    closing = nil
    holds = []
    held = .zero
    observedBlock = max(observedBlock, block)
    loss = spent > settled ? Amount(units: spent.units - settled.units) : .zero
  }
}
