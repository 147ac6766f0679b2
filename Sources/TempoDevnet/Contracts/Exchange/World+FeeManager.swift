import EVM

/// The fee manager and its pools, as far as clients read and set them (`03` §9.2).
extension World {
  /// What both sides of every pool hold; swaps of fees leave no trace here.
  static let poolReserve: UInt256 = 1_000_000_000_000

  mutating func callFeeManager(_ input: Calldata, from caller: Address) throws(Revert) -> [UInt8] {
    if let answer = try readFeeManager(input) {
      charge(3_000)
      return answer
    }
    switch input.selector {
    case 0xe789_7444:  // setUserToken(address)
      charge(20_000)
      let token = try input.address(0)
      guard tokens[token]?.currency == "USD" else { throw Revert.invalidToken }
      storage[.userToken(caller)] = UInt256(token.word)
      emit(Addresses.feeManager, [Topic.userTokenSet, caller.word, token.word])
      return []
    case 0xf1aa_8cb8:  // mint(address userToken,address validatorToken,uint256 amount,address to)
      charge(20_000)
      return try addLiquidity(input, from: caller)
    default:
      charge(3_000)
      throw Revert.unknownFunction(input.selector)
    }
  }

  private func readFeeManager(_ input: Calldata) throws(Revert) -> [UInt8]? {
    switch input.selector {
    case 0xed49_8fa8: return Words.encode(storage[.userToken(try input.address(0))])  // userTokens(address)
    case 0x6dc5_4a7a: return Words.encode(Addresses.pathUSD)  // validatorTokens(address)
    case 0x531a_a03e, 0xb521_7bb4:  // getPool(address,address), pools(bytes32)
      return Words.encode(Self.poolReserve, Self.poolReserve)
    case 0x2ef6_1c21:  // getPoolId(address,address)
      return pool(try input.address(0), try input.address(1)).bytes
    case 0xb524_abcf:  // totalSupply(bytes32)
      return Words.encode(storage[.liquiditySupply(try input.word(0))])
    case 0x4fb5_bf7f:  // liquidityBalances(bytes32,address)
      return Words.encode(storage[.liquidity(pool: try input.word(0), owner: try input.address(1))])
    case 0x4c97_f766: return Words.encode(0)  // collectedFees(address,address)
    default: return nil
    }
  }

  private func pool(_ userToken: Address, _ validatorToken: Address) -> Hash32 {
    Keccak256.hash(userToken.word.bytes + validatorToken.word.bytes)
  }

  /// Takes validator tokens from the caller and books as much liquidity.
  private mutating func addLiquidity(_ input: Calldata, from caller: Address) throws(Revert) -> [UInt8] {
    let (userToken, validatorToken) = (try input.address(0), try input.address(1))
    let amount = try input.uint256(2)
    let owner = try input.address(3)
    guard userToken != validatorToken else { throw Revert.identicalTokens }
    guard tokens[userToken] != nil, tokens[validatorToken] != nil else { throw Revert.invalidToken }
    guard !amount.isZero else { throw Revert.invalidAmount }
    try transfer(validatorToken, from: caller, to: Addresses.feeManager, amount: amount)
    let pool = pool(userToken, validatorToken)
    for slot in [Slot.liquidity(pool: pool, owner: owner), .liquiditySupply(pool)] {
      // Bounded by the token's supply.
      storage[slot] = storage[slot].addingReportingOverflow(amount).partialValue
    }
    emit(
      Addresses.feeManager,
      [Topic.liquidityMint, owner.word, userToken.word, validatorToken.word],
      Words.encode(UInt256(caller.word), amount, amount))
    return Words.encode(amount)
  }
}
