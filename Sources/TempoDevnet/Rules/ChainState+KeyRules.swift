import EVM

/// Access keys and their authorizations in transactions (`03` §6, steps 13 and 15).
extension ChainState {
  /// Step 13: whether the key that signed may act for the account. A key that the same transaction authorizes
  /// need not exist yet; step 15 looks at it.
  func checkAccessKey(of transaction: ChainTransaction, at moment: Moment) throws(RPCFailure) {
    guard let used = transaction.accessKey else { return }
    if let grant = transaction.content.keyGrant, grant.terms.keyID == used.id {
      guard grant.terms.type == used.type else {
        throw .keychainRefusal(.signatureTypeMismatch(expected: grant.terms.type, actual: used.type))
      }
      return
    }
    do throws(Revert) {
      try world.checkKey(transaction.sender, used.id, type: used.type, at: moment.block)
    } catch {
      throw .keychainRefusal(error)
    }
    let record = world.key(transaction.sender, used.id)
    let allowed = moment.block + moment.margin
    guard record.expiry > allowed else {
      throw .refused("Access key expired: expiry \(record.expiry) <= min allowed \(allowed)")
    }
    guard transaction.content.keyGrant == nil || record.isAdmin else {
      throw .refused("access keys cannot authorize other keys, only the root key can authorize new keys")
    }
  }

  /// A fee that an existing key may not spend makes the transaction invalid; nothing is mined.
  func checkFeeLimit(
    of transaction: ChainTransaction, token: Address, at moment: Moment
  ) throws(RPCFailure) {
    guard let used = transaction.accessKey, transaction.content.keyGrant?.terms.keyID != used.id,
      transaction.feePayer == transaction.sender,
      let left = world.spendable(transaction.sender, used.id, token, at: moment.block)
    else { return }
    guard let fee = prepaidFee(of: transaction), fee <= left else {
      throw .keychainRefusal(.spendingLimitExceeded)
    }
  }

  /// What is taken before the calls run; `nil` when it is beyond any balance.
  func prepaidFee(of transaction: ChainTransaction) -> UInt128? {
    Fee.units(
      gas: transaction.content.gasLimit, price: transaction.price(baseFee: parameters.baseFee))
  }

  /// Step 15: whether the authorization is the account's, and the keychain would take it.
  func checkKeyGrant(
    of transaction: ChainTransaction, feeToken: Address, at moment: Moment
  ) throws(RPCFailure) {
    guard let grant = transaction.content.keyGrant else { return }
    guard grant.chainID == parameters.chainID else {
      throw .refused(
        "KeyAuthorization chain_id mismatch: expected \(parameters.chainID), got \(grant.chainID)")
    }
    try checkGrantor(of: grant, transaction)
    guard !grant.terms.isAdmin || grant.terms.isUnrestricted else {
      throw .refused(
        "keychain validation failed: admin key authorizations cannot carry expiry, limits, or call scopes")
    }
    let allowed = moment.block + moment.margin
    guard grant.terms.expiry > allowed else {
      throw .refused("KeyAuthorization expired: expiry \(grant.terms.expiry) <= min allowed \(allowed)")
    }
    do throws(Revert) {
      try world.checkNewKey(grant.terms, of: transaction.sender, at: moment.block)
    } catch {
      throw .authorizationRefusal(error)
    }
    try checkGrantedFee(grant.terms, transaction, feeToken)
  }

  /// The root key signs, or an admin key that has signed the transaction too.
  private func checkGrantor(of grant: KeyGrant, _ transaction: ChainTransaction) throws(RPCFailure) {
    let account = transaction.sender
    guard let signer = SignatureRules.signer(of: grant.digest, signature: grant.signature) else {
      throw .refused("failed to recover signer from KeyAuthorization signature")
    }
    let isAdmin =
      signer == transaction.accessKey?.id && world.key(account, signer).isAdmin && grant.account == account
    guard signer == account || isAdmin else {
      throw .refused(
        "KeyAuthorization must be signed by root account \(Quantity.address(account)), but was signed by "
          + Quantity.address(signer))
    }
    if signer == account, let used = transaction.accessKey, used.id != grant.terms.keyID {
      throw .refused(
        "keychain validation failed: root-signed key authorization must use root transaction signature")
    }
    if let bound = grant.account, bound != account {
      throw .refused(
        "KeyAuthorization must be signed by root account \(Quantity.address(bound)), but was signed by "
          + Quantity.address(signer))
    }
  }

  /// A key that is authorized and used at once pays the fee of that transaction from its limit.
  private func checkGrantedFee(
    _ terms: KeyTerms, _ transaction: ChainTransaction, _ token: Address
  ) throws(RPCFailure) {
    guard transaction.accessKey?.id == terms.keyID, transaction.feePayer == transaction.sender,
      let limits = terms.limits
    else { return }
    let limit = limits.first { $0.token == token }?.amount.uint128 ?? 0
    guard let fee = prepaidFee(of: transaction), fee <= limit else {
      throw .authorizationRefusal(.spendingLimitExceeded)
    }
  }
}

extension RPCFailure {
  static func keychainRefusal(_ revert: Revert) -> RPCFailure {
    .refused("keychain validation failed: AccountKeychainError(\(revert.name)(\(revert.name)))")
  }

  static func authorizationRefusal(_ revert: Revert) -> RPCFailure {
    .refused("keychain precompile error: Account keychain error: \(revert.name)(\(revert.name))")
  }
}
