import EVM

/// What a key may spend (`02` §9.5): its own limits, on the funds of the account that sent the transaction.
extension World {
  func limit(_ account: Address, _ id: Address, _ token: Address) -> KeyAllowance {
    KeyAllowance(
      amounts: storage[.keyLimit(account: account, id: id, token: token)],
      times: storage[.keyPeriod(account: account, id: id, token: token)])
  }

  mutating func store(_ limit: KeyAllowance, _ account: Address, _ id: Address, _ token: Address) {
    storage[.keyLimit(account: account, id: id, token: token)] = limit.amounts
    storage[.keyPeriod(account: account, id: id, token: token)] = limit.times
  }

  /// Debits the limit of the transaction's key. Nothing happens for the root key, for funds of others, and for
  /// a key without limits.
  mutating func spend(_ token: Address, of owner: Address, _ amount: UInt256) throws(Revert) {
    let id = context.transactionKey
    guard !id.isZero, owner == context.origin else { return }
    // The key may have been revoked by an earlier call of this transaction.
    try checkKey(owner, id, type: nil, at: context.timestamp)
    guard key(owner, id).enforcesLimits else { return }
    var limit = limit(owner, id, token).renewed(at: context.timestamp)
    guard let units = amount.uint128, units <= limit.remaining else { throw Revert.spendingLimitExceeded }
    limit.remaining -= units
    store(limit, owner, id, token)
    emit(
      Addresses.keychain, [Topic.accessKeySpend, owner.word, id.word, token.word],
      Words.encode(amount, UInt256(limit.remaining)))
  }

  /// Gives back what was debited for gas that was not used, without a log.
  mutating func unspend(_ token: Address, of owner: Address, _ units: UInt128) {
    let id = context.transactionKey
    guard !id.isZero, owner == context.origin, key(owner, id).enforcesLimits else { return }
    var limit = limit(owner, id, token)
    let (sum, overflow) = limit.remaining.addingReportingOverflow(units)
    limit.remaining = overflow ? limit.maximum : min(sum, limit.maximum)
    store(limit, owner, id, token)
  }

  /// What the key may spend at `now`; `nil` without limits.
  func spendable(_ account: Address, _ id: Address, _ token: Address, at now: UInt64) -> UInt128? {
    guard key(account, id).enforcesLimits else { return nil }
    return limit(account, id, token).renewed(at: now).remaining
  }
}
