import EVM

/// Bits that stand in for TIP-403 policies (`03` §9.1).
enum PolicySwitch {
  static let blockSender: UInt64 = 1
  static let blockRecipient: UInt64 = 2
  /// Incoming transfers succeed and go to the receive policy guard.
  static let holdIncoming: UInt64 = 4
}

enum TokenRole {
  static let issuer = Keccak256.hash(utf8: "ISSUER_ROLE")
  static let pause = Keccak256.hash(utf8: "PAUSE_ROLE")
  static let unpause = Keccak256.hash(utf8: "UNPAUSE_ROLE")
  static let burnBlocked = Keccak256.hash(utf8: "BURN_BLOCKED_ROLE")
  /// Gives out all roles.
  static let administrator = Hash32.zero

  /// `ISSUER_ROLE()` and its like.
  static let getters: [UInt32: Hash32] = [
    Calldata.selector("ISSUER_ROLE()"): issuer, Calldata.selector("PAUSE_ROLE()"): pause,
    Calldata.selector("UNPAUSE_ROLE()"): unpause, Calldata.selector("BURN_BLOCKED_ROLE()"): burnBlocked,
    Calldata.selector("DEFAULT_ADMIN_ROLE()"): administrator,
  ]
}

/// TIP-20 (`02` §8).
extension World {
  func balance(_ token: Address, of holder: Address) -> UInt128 {
    storage[.balance(token: token, holder: holder)].uint128 ?? 0
  }

  func supply(of token: Address) -> UInt128 { storage[.supply(token)].uint128 ?? 0 }
  func isPaused(_ token: Address) -> Bool { !storage[.paused(token)].isZero }

  func policy(_ token: Address, _ holder: Address, has bit: UInt64) -> Bool {
    (storage[.policy(token: token, holder: holder)].uint64 ?? 0) & bit != 0
  }

  mutating func callToken(_ token: Address, _ input: Calldata, from caller: Address) throws(Revert) -> [UInt8]
  {
    if let answer = try readToken(token, input) {
      charge(3_000)
      return answer
    }
    switch input.selector {
    case 0xa905_9cbb:  // transfer(address,uint256)
      charge(18_000)
      try transfer(token, from: caller, to: try input.address(0), amount: try input.uint256(1))
      return Words.encode(true)
    case 0x9577_7d59:  // transferWithMemo(address,uint256,bytes32)
      charge(20_000)
      let memo = try input.word(2)
      try transfer(token, from: caller, to: try input.address(0), amount: try input.uint256(1), memo: memo)
      return []
    case 0x23b8_72dd:  // transferFrom(address,address,uint256)
      charge(22_000)
      try transferFrom(
        token, spender: caller, owner: try input.address(0), to: try input.address(1),
        amount: try input.uint256(2))
      return Words.encode(true)
    case 0x929c_2539:  // transferFromWithMemo(address,address,uint256,bytes32)
      charge(24_000)
      try transferFrom(
        token, spender: caller, owner: try input.address(0), to: try input.address(1),
        amount: try input.uint256(2), memo: try input.word(3))
      return Words.encode(true)
    case 0x095e_a7b3:  // approve(address,uint256)
      charge(8_000)
      try approve(token, by: caller, spender: try input.address(0), try input.uint256(1))
      return Words.encode(true)
    case 0xd505_accf:  // permit(address,address,uint256,uint256,uint8,bytes32,bytes32)
      try permit(token, input)
      return []
    default:
      return try administerToken(token, input, from: caller)
    }
  }

  /// An access key pays for the increase of an allowance as if it were spent.
  private mutating func approve(
    _ token: Address, by owner: Address, spender: Address, _ amount: UInt256
  ) throws(Revert) {
    let slot = Slot.allowance(token: token, owner: owner, spender: spender)
    let (increase, isLess) = amount.subtractingReportingOverflow(storage[slot])
    if !isLess, !increase.isZero { try spend(token, of: owner, increase) }
    storage[slot] = amount
    emit(token, [Topic.approval, owner.word, spender.word], Words.encode(amount))
  }

  private func readToken(_ token: Address, _ input: Calldata) throws(Revert) -> [UInt8]? {
    guard let metadata = tokens[token] else { throw Revert.uninitialized }
    switch input.selector {
    case 0x06fd_de03: return Words.encode(string: metadata.name)
    case 0x95d8_9b41: return Words.encode(string: metadata.symbol)
    case 0xe5a6_b10f: return Words.encode(string: metadata.currency)
    case 0x6bb3_8b28: return Words.encode(string: "")  // logoURI()
    case 0x313c_e567: return Words.encode(6)  // decimals()
    case 0x1816_0ddd: return Words.encode(UInt256(supply(of: token)))
    case 0x70a0_8231: return Words.encode(UInt256(balance(token, of: try input.address(0))))
    case 0xdd62_ed3e:  // allowance(address,address)
      let slot = Slot.allowance(token: token, owner: try input.address(0), spender: try input.address(1))
      return Words.encode(storage[slot])
    case 0x7ece_be00:  // nonces(address)
      return Words.encode(storage[.permitNonce(token: token, owner: try input.address(0))])
    case 0x3644_e515: return tokenDomain(token).bytes  // DOMAIN_SEPARATOR()
    case 0x5c97_5abb: return Words.encode(isPaused(token))
    case 0x8f77_0ad0: return Words.encode(UInt256(UInt128.max))  // supplyCap()
    case 0x9c4b_ad29: return Words.encode(1)  // transferPolicyId()
    case 0x217a_4b70: return Words.encode(metadata.quoteToken)
    case 0xac4a_b3fb:  // hasRole(address,bytes32)
      let slot = Slot.role(token: token, role: try input.word(1), holder: try input.address(0))
      return Words.encode(!storage[slot].isZero)
    default: return TokenRole.getters[input.selector]?.bytes
    }
  }

  /// The checks of `02` §8.4 in their order, then the move and its logs.
  mutating func transfer(
    _ token: Address, from owner: Address, to recipient: Address, amount: UInt256, memo: Hash32? = nil
  ) throws(Revert) {
    try checkTransfer(token, from: owner, to: recipient)
    try spend(token, of: owner, amount)
    try complete(token, from: owner, to: recipient, amount: amount, memo: memo)
  }

  mutating func transferFrom(
    _ token: Address, spender: Address, owner: Address, to recipient: Address, amount: UInt256,
    memo: Hash32? = nil
  ) throws(Revert) {
    try checkTransfer(token, from: owner, to: recipient)
    let slot = Slot.allowance(token: token, owner: owner, spender: spender)
    if storage[slot] != .max {
      let (rest, short) = storage[slot].subtractingReportingOverflow(amount)
      guard !short else { throw Revert.insufficientAllowance }
      storage[slot] = rest
    }
    try complete(token, from: owner, to: recipient, amount: amount, memo: memo)
  }

  /// Nobody can register here, so no virtual address has a master.
  func checkRegistered(_ recipient: Address) throws(Revert) {
    guard !recipient.isVirtual else { throw Revert.virtualAddressUnregistered }
  }

  private func checkTransfer(_ token: Address, from owner: Address, to recipient: Address) throws(Revert) {
    try checkRegistered(recipient)
    guard !isPaused(token) else { throw Revert.contractPaused }
    guard !recipient.isZero, !recipient.hasTokenPrefix else { throw Revert.invalidRecipient }
    guard !policy(token, owner, has: PolicySwitch.blockSender),
      !policy(token, recipient, has: PolicySwitch.blockRecipient)
    else { throw Revert.policyForbids }
  }

  private mutating func complete(
    _ token: Address, from owner: Address, to recipient: Address, amount: UInt256, memo: Hash32?
  ) throws(Revert) {
    let isHeld = policy(token, recipient, has: PolicySwitch.holdIncoming)
    let target = isHeld ? Addresses.receiveGuard : recipient
    try move(token, from: owner, to: target, amount: amount)
    emit(token, [Topic.transfer, owner.word, target.word], Words.encode(amount))
    if let memo {
      emit(token, [Topic.transferWithMemo, owner.word, target.word, memo], Words.encode(amount))
    }
  }

  /// Moves base units without checks of policy and without logs.
  mutating func move(_ token: Address, from owner: Address, to recipient: Address, amount: UInt256)
    throws(Revert)
  {
    let available = balance(token, of: owner)
    guard let units = amount.uint128, units <= available else {
      throw Revert.insufficientBalance(available: available, required: amount, token: token)
    }
    storage[.balance(token: token, holder: owner)] = UInt256(available - units)
    // Below the supply, which is below 2^128.
    let (sum, overflow) = balance(token, of: recipient).addingReportingOverflow(units)
    guard !overflow else { throw Revert.supplyCapExceeded }
    storage[.balance(token: token, holder: recipient)] = UInt256(sum)
  }
}
