import EVM

/// How keys come and go (`02` §9.5). Checks stand in that order; the first that fails is the revert.
extension World {
  func key(_ account: Address, _ id: Address) -> KeyRecord {
    KeyRecord(storage[.key(account: account, id: id)])
  }

  func scopes(_ account: Address, _ id: Address) -> CallScopes? {
    let name = storage[.keyScopes(account: account, id: id)]
    return name.isZero ? nil : scopeTable[name.word]
  }

  /// Whether the account could be given this key at `now`; who may ask for it is another question. Terms that
  /// contradict themselves allow any call and list some.
  func checkNewKey(
    _ terms: KeyTerms, of account: Address, at now: UInt64, contradictsItself: Bool = false
  ) throws(Revert) {
    guard !terms.keyID.isZero else { throw Revert.zeroPublicKey }
    guard !terms.isAdmin || terms.keyID != account else { throw Revert.invalidKeyID }
    guard terms.expiry > now else { throw Revert.expiryInPast }
    let present = key(account, terms.keyID)
    guard !present.exists else { throw Revert.keyAlreadyExists }
    guard !present.isRevoked else { throw Revert.keyAlreadyRevoked }
    guard terms.type <= 2 else { throw Revert.invalidSignatureType }
    let limits = terms.limits ?? []
    guard Set(limits.map(\.token)).count == limits.count else { throw Revert.invalidSpendingLimit }
    guard !contradictsItself else { throw Revert.invalidCallScope }
    if let witness = terms.witness {
      guard storage[.burnedWitness(account: account, witness: witness)].isZero else {
        throw Revert.keyAuthorizationWitnessAlreadyBurned
      }
    }
    guard limits.allSatisfy({ $0.amount.uint128 != nil }) else { throw Revert.invalidSpendingLimit }
    try terms.scopes?.check()
  }

  /// Stores a key and writes its logs.
  mutating func addKey(
    _ terms: KeyTerms, to account: Address, contradictsItself: Bool = false
  ) throws(Revert) {
    try checkNewKey(terms, of: account, at: context.timestamp, contradictsItself: contradictsItself)
    let record = KeyRecord(
      expiry: terms.expiry, type: terms.type, enforcesLimits: terms.limits != nil, isRevoked: false,
      isAdmin: terms.isAdmin)
    storage[.key(account: account, id: terms.keyID)] = record.packed
    for limit in terms.limits ?? [] {
      let amount = limit.amount.uint128 ?? 0
      let (end, overflow) = context.timestamp.addingReportingOverflow(limit.period)
      store(
        KeyAllowance(
          remaining: amount, maximum: amount, period: limit.period,
          periodEnd: limit.period == 0 ? 0 : overflow ? .max : end), account, terms.keyID, limit.token)
    }
    if let scopes = terms.scopes { store(scopes, account, terms.keyID) }
    let names = [account.word, terms.keyID.word]
    if let witness = terms.witness {
      emit(Addresses.keychain, [Topic.keyAuthorizationWitness, account.word, witness])
    }
    emit(
      Addresses.keychain, [Topic.keyAuthorized] + names,
      Words.encode(UInt256(UInt64(terms.type)), UInt256(terms.expiry)))
    if terms.isAdmin { emit(Addresses.keychain, [Topic.adminKeyAuthorized] + names) }
  }

  mutating func store(_ scopes: CallScopes, _ account: Address, _ id: Address) {
    let digest = scopes.digest
    scopeTable[digest] = scopes
    storage[.keyScopes(account: account, id: id)] = UInt256(digest)
  }

  /// Whether a signature of this kind by this key may act for the account at `now`.
  func checkKey(_ account: Address, _ id: Address, type: UInt8?, at now: UInt64) throws(Revert) {
    let record = key(account, id)
    guard !record.isRevoked else { throw Revert.keyAlreadyRevoked }
    guard record.exists else { throw Revert.keyNotFound }
    guard record.expiry > now else { throw Revert.keyExpired }
    guard let type, type != record.type else { return }
    throw Revert.signatureTypeMismatch(expected: record.type, actual: type)
  }

  /// The number of the first call that is out of the key's scope.
  func firstForbiddenCall(_ calls: [ChainTransaction.Call]) -> Int? {
    guard !context.transactionKey.isZero,
      let scopes = scopes(context.origin, context.transactionKey)
    else { return nil }
    return calls.firstIndex { !scopes.allows($0) }
  }
}
