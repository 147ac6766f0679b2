import EVM

/// Whether a transaction may enter, or be sealed, now: the checks of `03` §6 that need state, in their order.
extension ChainState {
  /// Steps 3 and 10 to 14, against the present state.
  func admit(_ transaction: ChainTransaction, at time: ChainTime) throws(RPCFailure) {
    guard !pool.contains(where: { $0.transaction.hash == transaction.hash }) else {
      throw .refused("already known")
    }
    guard pool.count < ChainParameters.maximumPending else { throw .rejected("txpool is full") }
    let moment = Moment(
      validity: validity(at: time), block: nextBlockTime(at: time) / 1000, margin: parameters.poolMargin)
    switch readiness(of: transaction, at: moment) {
    case .ready: return
    case .refused(let failure): throw failure
    case .early(let failure):
      guard parameters.sealing != .instant else { throw failure }
    }
  }

  enum Readiness {
    case ready
    /// May become admissible by waiting: a nonce gap, a `validAfter` ahead, a base fee that is too high.
    case early(RPCFailure)
    case refused(RPCFailure)
  }

  /// When the rules are applied, in seconds.
  struct Moment {
    /// By which the windows of transactions are judged.
    let validity: UInt64
    /// The time the block carries.
    let block: UInt64
    /// What must be left of windows and expiries; the pool's, or zero for a block.
    let margin: UInt64
  }

  /// Steps 10 to 15.
  func readiness(of transaction: ChainTransaction, at moment: Moment) -> Readiness {
    do throws(RPCFailure) {
      let now = moment.validity
      try checkWindow(transaction.content, at: now, margin: moment.margin)
      // The base fee may have risen since it was admitted, and fall again.
      guard transaction.content.maxFee >= parameters.baseFee else { return .early(.belowBaseFee) }
      if let after = transaction.content.validAfter, after > now {
        return .early(
          .refused("transaction not valid yet: current block timestamp \(now) < validAfter \(after)"))
      }
      if let gap = try checkNonce(transaction, at: now) { return .early(gap) }
      let token = try feeToken(of: transaction)
      try checkAccessKey(of: transaction, at: moment)
      try checkFeeBalance(of: transaction, token: token)
      try checkFeeLimit(of: transaction, token: token, at: moment)
      try checkFeePolicy(of: transaction, token: token)
      try checkKeyGrant(of: transaction, feeToken: token, at: moment)
      return .ready
    } catch {
      return .refused(error)
    }
  }

  /// Step 10.
  func checkWindow(_ content: DecodedTransaction, at time: UInt64, margin: UInt64) throws(RPCFailure) {
    if let before = content.validBefore {
      guard time < before else {
        throw .refused("transaction expired: current block timestamp \(time) >= validBefore \(before)")
      }
      let allowed = time + margin
      guard before > allowed else {
        throw .refused("'valid_before' \(before) is too close to current time (min allowed: \(allowed))")
      }
    }
    if let after = content.validAfter, after > time + 120 {
      throw .refused("'valid_after' \(after) is too far in the future (max allowed: \(time + 120))")
    }
  }
}
