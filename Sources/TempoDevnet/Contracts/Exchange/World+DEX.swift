import EVM

/// The stablecoin exchange at fixed rates out of its own inventory (`03` §9.2).
extension World {
  struct ExchangeRate: Sendable, Hashable {
    /// Units of the input for `denominator` units of the output.
    var numerator: UInt128 = 1
    var denominator: UInt128 = 1

    init() {}

    /// `nil` for a rate without numerator or denominator, or beyond 64 bits: products stay below 2^192.
    init?(_ numerator: UInt64, _ denominator: UInt64) {
      guard numerator > 0, denominator > 0 else { return nil }
      self.numerator = UInt128(numerator)
      self.denominator = UInt128(denominator)
    }

    init(_ packed: UInt256) {
      guard !packed.isZero else { return }
      numerator = UInt128(packed.limbs[1])
      denominator = UInt128(packed.limbs[3])
    }

    var packed: UInt256 {
      UInt256(
        limbs: 0, UInt64(truncatingIfNeeded: numerator), 0, UInt64(truncatingIfNeeded: denominator))
    }

    /// `ceil(output × numerator / denominator)`
    func input(for output: UInt128) -> UInt128? {
      let product = output.multipliedFullWidth(by: numerator)
      guard product.high < denominator else { return nil }
      let (quotient, remainder) = denominator.dividingFullWidth(product)
      let (rounded, overflow) = quotient.addingReportingOverflow(remainder == 0 ? 0 : 1)
      return overflow ? nil : rounded
    }

    /// `floor(input × denominator / numerator)`
    func output(for input: UInt128) -> UInt128? {
      let product = input.multipliedFullWidth(by: denominator)
      guard product.high < numerator else { return nil }
      return numerator.dividingFullWidth(product).quotient
    }
  }

  mutating func callDEX(_ input: Calldata, from caller: Address) throws(Revert) -> [UInt8] {
    let isSwap = input.selector == 0xf012_2b75 || input.selector == 0xf885_6c0f
    charge(isSwap ? 40_000 : 3_000)
    guard isSwap || input.selector == 0x1576_fa0e || input.selector == 0xe7c9_8f1a else {
      throw Revert.unknownFunction(input.selector)
    }
    let pair = (try input.address(0), try input.address(1))
    let amount = try input.uint128(2)
    switch input.selector {
    case 0x1576_fa0e:  // quoteSwapExactAmountOut(address,address,uint128)
      return Words.encode(UInt256(try quoteInput(pair, output: amount)))
    case 0xe7c9_8f1a:  // quoteSwapExactAmountIn(address,address,uint128)
      return Words.encode(UInt256(try quoteOutput(pair, input: amount)))
    case 0xf012_2b75:  // swapExactAmountOut(address,address,uint128,uint128)
      let maximum = try input.uint128(3)
      let paid = try quoteInput(pair, output: amount)
      guard paid <= maximum else { throw Revert.maxInputExceeded }
      try swap(pair, paid, for: amount, user: caller)
      return Words.encode(UInt256(paid))
    default:  // swapExactAmountIn(address,address,uint128,uint128)
      let minimum = try input.uint128(3)
      let received = try quoteOutput(pair, input: amount)
      guard received >= minimum else { throw Revert.insufficientOutput }
      try swap(pair, amount, for: received, user: caller)
      return Words.encode(UInt256(received))
    }
  }

  private typealias Pair = (input: Address, output: Address)

  private func rate(_ pair: Pair) throws(Revert) -> ExchangeRate {
    guard pair.input != pair.output else { throw Revert.identicalTokens }
    guard tokens[pair.input] != nil, tokens[pair.output] != nil else { throw Revert.invalidToken }
    guard storage[.dexClosed(input: pair.input, output: pair.output)].isZero else {
      throw Revert.pairDoesNotExist
    }
    return ExchangeRate(storage[.dexRate(input: pair.input, output: pair.output)])
  }

  private func quoteInput(_ pair: Pair, output: UInt128) throws(Revert) -> UInt128 {
    let rate = try rate(pair)
    guard output <= balance(pair.output, of: Addresses.dex), let input = rate.input(for: output) else {
      throw Revert.insufficientLiquidity
    }
    return input
  }

  private func quoteOutput(_ pair: Pair, input: UInt128) throws(Revert) -> UInt128 {
    let rate = try rate(pair)
    guard let output = rate.output(for: input), output <= balance(pair.output, of: Addresses.dex) else {
      throw Revert.insufficientLiquidity
    }
    return output
  }

  /// The exchange pulls without an allowance; a key's limits hold.
  private mutating func swap(
    _ pair: Pair, _ paid: UInt128, for received: UInt128, user: Address
  ) throws(Revert) {
    try transfer(pair.input, from: user, to: Addresses.dex, amount: UInt256(paid))
    try transfer(pair.output, from: Addresses.dex, to: user, amount: UInt256(received))
  }
}
