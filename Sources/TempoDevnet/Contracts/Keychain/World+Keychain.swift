import EVM

/// The functions of the account keychain (`02` §9.1).
extension World {
  mutating func callKeychain(_ input: Calldata, from caller: Address) throws(Revert) -> [UInt8] {
    if let answer = try readKeychain(input) {
      charge(3_000)
      return answer
    }
    switch input.selector {
    case 0x980a_6025: try authorizeKey(input, from: caller)
    case 0xe3c1_54d2: try authorizeKey(input, from: caller, hasWitness: true)
    case 0x9a42_4307: try authorizeAdminKey(input, from: caller)
    case 0x5ae7_ab32: try revokeKey(input, from: caller)
    case 0xcbbb_4480: try updateSpendingLimit(input, from: caller)
    case 0xf545_6703: try setAllowedCalls(input, from: caller)
    case 0xf394_1811: try removeAllowedCalls(input, from: caller)
    case 0xcff3_1c46: try burnWitness(input, from: caller)
    case 0x5406_3a55:
      charge(3_000)
      throw Revert.legacyAuthorizeKeySelectorChanged
    default:
      charge(3_000)
      throw Revert.unknownFunction(input.selector)
    }
    return []
  }

  // MARK: Reads

  private func readKeychain(_ input: Calldata) throws(Revert) -> [UInt8]? {
    switch input.selector {
    case 0xbc29_8553: return try getKey(input)
    case 0xa7f7_2cab:  // getRemainingLimitWithPeriod(account, key, token)
      let (account, id) = (try input.address(0), try input.address(1))
      let token = try input.address(2)
      guard isLive(account, id) else { return Words.encode(0, 0) }
      let limit = limit(account, id, token).renewed(at: context.timestamp)
      return Words.encode(UInt256(limit.remaining), UInt256(limit.periodEnd))
    case 0x0163_e7ec: return try getAllowedCalls(input)
    case 0x9009_a18d:  // isAdminKey(account, key)
      let (account, id) = (try input.address(0), try input.address(1))
      return Words.encode(isAdminKey(account, id))
    case 0x8e6c_7e11:  // isKeyAuthorizationWitnessBurned(account, witness)
      let slot = Slot.burnedWitness(account: try input.address(0), witness: try input.word(1))
      return Words.encode(!storage[slot].isZero)
    case 0xb07f_bc1a: return Words.encode(context.transactionKey)
    default: return nil
    }
  }

  /// The root key is an administrator without a record of its own.
  func isAdminKey(_ account: Address, _ id: Address) -> Bool {
    id == account || (isLive(account, id) && key(account, id).isAdmin)
  }

  private func isLive(_ account: Address, _ id: Address) -> Bool {
    key(account, id).expiry > context.timestamp
  }

  private func getKey(_ input: Calldata) throws(Revert) -> [UInt8] {
    let id = try input.address(1)
    let record = key(try input.address(0), id)
    return Words.encode(
      UInt256(UInt64(record.type)), record.exists ? UInt256(id.word) : 0, UInt256(record.expiry),
      record.enforcesLimits ? 1 : 0, record.isRevoked ? 1 : 0)
  }

  /// Denies all for a key that cannot be used.
  private func getAllowedCalls(_ input: Calldata) throws(Revert) -> [UInt8] {
    let (account, id) = (try input.address(0), try input.address(1))
    let scopes = isLive(account, id) || id.isZero ? scopes(account, id) : CallScopes(targets: [])
    return try encode(
      [.bool, .array(CallScopes.abiType)], [.bool(scopes != nil), scopes?.abi ?? .array([])])
  }

  private func encode(_ types: [ABIType], _ values: [ABIValue]) throws(Revert) -> [UInt8] {
    do { return try ABI.encode(types: types, values) } catch { throw Revert.empty }
  }

  // MARK: Changes

  /// The root key, or an admin key, calling in its own transaction.
  private func requireAuthority(of caller: Address) throws(Revert) {
    let id = context.transactionKey
    guard caller == context.origin, id.isZero || isAdminKey(caller, id) else {
      throw Revert.unauthorizedCaller
    }
  }

  private mutating func authorizeKey(
    _ input: Calldata, from caller: Address, hasWitness: Bool = false
  ) throws(Revert) {
    charge(15_000)
    let call = try AuthorizeKeyCall(input, hasWitness: hasWitness)
    try requireAuthority(of: caller)
    try addKey(call.terms, to: caller, contradictsItself: call.contradictsItself)
    charge(GasSchedule.newCell * call.terms.slots)
  }

  private mutating func authorizeAdminKey(_ input: Calldata, from caller: Address) throws(Revert) {
    charge(15_000)
    let (id, type, witness) = (try input.address(0), try input.uint256(1), try input.word(2))
    try requireAuthority(of: caller)
    let terms = KeyTerms(
      keyID: id, type: UInt8(clamping: type.uint64 ?? 255), expiry: .max, limits: nil, scopes: nil,
      witness: witness.isZero ? nil : witness, isAdmin: true)
    try addKey(terms, to: caller)
    charge(GasSchedule.newCell * terms.slots)
  }

  private mutating func revokeKey(_ input: Calldata, from caller: Address) throws(Revert) {
    charge(8_000)
    let id = try input.address(0)
    try requireAuthority(of: caller)
    guard key(caller, id).exists else { throw Revert.keyNotFound }
    storage[.key(account: caller, id: id)] = KeyRecord.revoked.packed
    storage[.keyScopes(account: caller, id: id)] = 0
    emit(Addresses.keychain, [Topic.keyRevoked, caller.word, id.word])
  }

  /// A key whose limits and scopes can be changed.
  private func changeable(_ account: Address, _ id: Address) throws(Revert) -> KeyRecord {
    try checkKey(account, id, type: nil, at: context.timestamp)
    let record = key(account, id)
    guard !record.isAdmin else { throw Revert.invalidKeyID }
    return record
  }

  private mutating func updateSpendingLimit(_ input: Calldata, from caller: Address) throws(Revert) {
    charge(8_000)
    let (id, token) = (try input.address(0), try input.address(1))
    let amount = try input.uint256(2)
    try requireAuthority(of: caller)
    var record = try changeable(caller, id)
    guard let units = amount.uint128 else { throw Revert.invalidSpendingLimit }
    record.enforcesLimits = true
    storage[.key(account: caller, id: id)] = record.packed
    var limit = limit(caller, id, token)
    limit.remaining = units
    limit.maximum = units
    store(limit, caller, id, token)
    emit(
      Addresses.keychain, [Topic.spendingLimitUpdated, caller.word, id.word, token.word],
      Words.encode(amount))
  }

  /// Replaces the rules of the targets that are named; others stay.
  private mutating func setAllowedCalls(_ input: Calldata, from caller: Address) throws(Revert) {
    charge(8_000)
    let values = try input.values([.address, .array(CallScopes.abiType)])
    let id = try input.address(0)
    let named: CallScopes
    do { named = try CallScopes(abi: values[1]) } catch { throw Revert.empty }
    try requireAuthority(of: caller)
    _ = try changeable(caller, id)
    guard !named.targets.isEmpty else { throw Revert.invalidCallScope }
    try named.check()
    var scopes = scopes(caller, id) ?? CallScopes(targets: [])
    scopes.targets.removeAll { old in named.targets.contains { $0.address == old.address } }
    scopes.targets += named.targets
    store(scopes, caller, id)
  }

  private mutating func removeAllowedCalls(_ input: Calldata, from caller: Address) throws(Revert) {
    charge(8_000)
    let (id, target) = (try input.address(0), try input.address(1))
    try requireAuthority(of: caller)
    _ = try changeable(caller, id)
    guard var scopes = scopes(caller, id) else { return }
    scopes.targets.removeAll { $0.address == target }
    store(scopes, caller, id)
  }

  private mutating func burnWitness(_ input: Calldata, from caller: Address) throws(Revert) {
    charge(8_000)
    let witness = try input.word(0)
    try requireAuthority(of: caller)
    let slot = Slot.burnedWitness(account: caller, witness: witness)
    guard storage[slot].isZero else { throw Revert.keyAuthorizationWitnessAlreadyBurned }
    storage[slot] = 1
    emit(Addresses.keychain, [Topic.keyAuthorizationWitnessBurned, caller.word, witness])
  }
}
