import EVM

/// Nonces of all three kinds (`02` §5.5).
extension ChainState {
  /// Step 11. Returns the complaint about a gap, which waiting may close.
  func checkNonce(_ transaction: ChainTransaction, at time: UInt64) throws(RPCFailure) -> RPCFailure? {
    if transaction.usesExpiringNonce {
      try checkExpiringNonce(transaction, at: time)
      return nil
    }
    let expected = nonce(of: transaction.sender, key: transaction.content.nonceKey)
    let actual = transaction.content.nonce
    guard actual >= expected else {
      throw .refused("nonce too low: next nonce \(expected), tx nonce \(actual)")
    }
    guard actual == expected else {
      return .refused("nonce too high: next nonce \(expected), tx nonce \(actual)")
    }
    return nil
  }

  func nonce(of account: Address, key: UInt256) -> UInt64 {
    world.storage[key.isZero ? .nonce(account) : .keyedNonce(account, key: key)].uint64 ?? 0
  }

  private func checkExpiringNonce(_ transaction: ChainTransaction, at time: UInt64) throws(RPCFailure) {
    try checkExpiringForm(transaction.content, at: time)
    guard world.storage[.expiring(transaction.contextHash)].isZero else {
      throw .refused(
        "nonce manager error: Tempo Transaction nonce error: ExpiringNonceReplay(ExpiringNonceReplay)")
    }
    guard expiring.hasRoom(for: parameters.maximumExpiringNonces, at: time) else {
      throw .refused(
        "nonce manager error: Tempo Transaction nonce error: ExpiringNonceSetFull(ExpiringNonceSetFull)")
    }
  }

  /// The part of the rule that needs no state; simulations check it too.
  func checkExpiringForm(_ content: DecodedTransaction, at time: UInt64) throws(RPCFailure) {
    guard content.nonce == 0 else { throw .refused("expiring nonce transaction must have nonce == 0") }
    guard let before = content.validBefore else {
      throw .refused("expiring nonce transaction requires valid_before to be set")
    }
    let allowed = time + parameters.expiryWindow
    guard before <= allowed else {
      throw .refused(
        "nonce manager error: expiring nonce valid_before (\(before)) too far in the future: must be within "
          + "\(parameters.expiryWindow)s of block timestamp (\(time)), max allowed is \(allowed)")
    }
  }
}
