import EVM

/// What only holders of a role may do (`02` §8.1).
extension World {
  mutating func administerToken(
    _ token: Address, _ input: Calldata, from caller: Address
  ) throws(Revert) -> [UInt8] {
    charge(20_000)
    switch input.selector {
    case 0x40c1_0f19:  // mint(address,uint256)
      try checkRegistered(try input.address(0))
      try require(TokenRole.issuer, of: caller, on: token)
      try mint(token, to: try input.address(0), amount: try input.uint256(1))
    case 0xe44f_0b12:  // mintWithMemo(address,uint256,bytes32)
      let memo = try input.word(2)
      try checkRegistered(try input.address(0))
      try require(TokenRole.issuer, of: caller, on: token)
      try mint(token, to: try input.address(0), amount: try input.uint256(1), memo: memo)
    case 0x4296_6c68:  // burn(uint256)
      try require(TokenRole.issuer, of: caller, on: token)
      try burn(token, from: caller, amount: try input.uint256(0))
    case 0x38f2_3b0b:  // burnWithMemo(uint256,bytes32)
      let memo = try input.word(1)
      try require(TokenRole.issuer, of: caller, on: token)
      try burn(token, from: caller, amount: try input.uint256(0), memo: memo)
    case 0x8456_cb59:  // pause()
      try setPaused(true, token, by: caller, role: TokenRole.pause)
    case 0x3f4b_a83a:  // unpause()
      try setPaused(false, token, by: caller, role: TokenRole.unpause)
    case 0x2f2f_f15d:  // grantRole(bytes32,address)
      try grantRole(try input.word(0), to: try input.address(1), token, by: caller)
    default: throw Revert.unknownFunction(input.selector)
    }
    return []
  }

  private func require(_ role: Hash32, of caller: Address, on token: Address) throws(Revert) {
    guard !storage[.role(token: token, role: role, holder: caller)].isZero else { throw Revert.unauthorized }
  }

  private mutating func setPaused(
    _ isPaused: Bool, _ token: Address, by caller: Address, role: Hash32
  ) throws(Revert) {
    try require(role, of: caller, on: token)
    storage[.paused(token)] = isPaused ? 1 : 0
    emit(token, [Topic.pauseStateUpdate, caller.word], Words.encode(isPaused))
  }

  /// Every role is given out by the holders of the administrator's.
  private mutating func grantRole(
    _ role: Hash32, to holder: Address, _ token: Address, by caller: Address
  ) throws(Revert) {
    try require(TokenRole.administrator, of: caller, on: token)
    storage[.role(token: token, role: role, holder: holder)] = 1
    emit(
      token, [Topic.roleMembershipUpdated, role, holder.word, caller.word], Words.encode(true))
  }

  private mutating func mint(
    _ token: Address, to recipient: Address, amount: UInt256, memo: Hash32? = nil
  ) throws(Revert) {
    guard !isPaused(token) else { throw Revert.contractPaused }
    guard !recipient.isZero, !recipient.hasTokenPrefix else { throw Revert.invalidRecipient }
    guard !policy(token, recipient, has: PolicySwitch.blockRecipient) else { throw Revert.policyForbids }
    try issue(token, to: recipient, amount: amount)
    emit(token, [Topic.transfer, Hash32.zero, recipient.word], Words.encode(amount))
    if let memo {
      emit(token, [Topic.transferWithMemo, Hash32.zero, recipient.word, memo], Words.encode(amount))
    }
    emit(token, [Topic.mint, recipient.word], Words.encode(amount))
  }

  /// Adds to balance and supply without logs; also genesis.
  mutating func issue(_ token: Address, to recipient: Address, amount: UInt256) throws(Revert) {
    guard let units = amount.uint128 else { throw Revert.supplyCapExceeded }
    let (supply, overflow) = supply(of: token).addingReportingOverflow(units)
    guard !overflow else { throw Revert.supplyCapExceeded }
    storage[.supply(token)] = UInt256(supply)
    let (balance, excess) = balance(token, of: recipient).addingReportingOverflow(units)
    guard !excess else { throw Revert.supplyCapExceeded }
    storage[.balance(token: token, holder: recipient)] = UInt256(balance)
  }

  private mutating func burn(
    _ token: Address, from holder: Address, amount: UInt256, memo: Hash32? = nil
  ) throws(Revert) {
    guard !isPaused(token) else { throw Revert.contractPaused }
    let available = balance(token, of: holder)
    guard let units = amount.uint128, units <= available, units <= supply(of: token) else {
      throw Revert.insufficientBalance(available: available, required: amount, token: token)
    }
    storage[.balance(token: token, holder: holder)] = UInt256(available - units)
    storage[.supply(token)] = UInt256(supply(of: token) - units)
    emit(token, [Topic.transfer, holder.word, Hash32.zero], Words.encode(amount))
    if let memo {
      emit(token, [Topic.transferWithMemo, holder.word, Hash32.zero, memo], Words.encode(amount))
    }
    emit(token, [Topic.burn, holder.word], Words.encode(amount))
  }
}
