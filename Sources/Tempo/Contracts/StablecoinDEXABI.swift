public import EVM

/// The stablecoin exchange (`02` §10.2).
public enum StablecoinDEXABI {
  /// `(tokenIn, tokenOut, amountOut)` → amountIn, in base units. A quote binds nobody.
  public static let quoteSwapExactAmountOut = ABIFunction(
    "quoteSwapExactAmountOut", [.address, .address, .uint128], returns: [.uint128])
  /// `(tokenIn, tokenOut, amountOut, maxAmountIn)` → amountIn; reverts with `MaxInputExceeded` above the
  /// bound.
  public static let swapExactAmountOut = ABIFunction(
    "swapExactAmountOut", [.address, .address, .uint128, .uint128], returns: [.uint128])
  /// `(tokenIn, tokenOut, amountIn)` → amountOut, in base units.
  public static let quoteSwapExactAmountIn = ABIFunction(
    "quoteSwapExactAmountIn", [.address, .address, .uint128], returns: [.uint128])
  /// `(tokenIn, tokenOut, amountIn, minAmountOut)` → amountOut.
  public static let swapExactAmountIn = ABIFunction(
    "swapExactAmountIn", [.address, .address, .uint128, .uint128], returns: [.uint128])
  /// The functions above.
  public static let functions = [
    quoteSwapExactAmountOut, swapExactAmountOut, quoteSwapExactAmountIn, swapExactAmountIn,
  ]

  /// What an exact output would cost now; read the answer with ``decodeQuote(_:)``.
  public static func quoteCalldata(
    tokenIn: Address, tokenOut: Address, amountOut: UInt128
  ) throws(TempoError) -> [UInt8] {
    try ABIReader.encode(
      quoteSwapExactAmountOut, [.address(tokenIn), .address(tokenOut), .uint(amountOut)])
  }

  /// `amountIn` in base units of the token that is given.
  public static func decodeQuote(_ data: [UInt8]) throws(TempoError) -> UInt128 {
    var values = try ABIReader.decodeReturn(quoteSwapExactAmountOut, data)
    return try values.uint128()
  }
}

/// A swap for an exact output, the form that payments use. Canonical as `TIP20Call`.
public struct SwapExactAmountOut: Sendable, Hashable {
  /// The token that is given.
  public let tokenIn: Address
  /// The token that is bought.
  public let tokenOut: Address
  /// Base units of ``tokenOut``, exactly.
  public let amountOut: UInt128
  /// Base units of ``tokenIn``; a swap that would cost more reverts.
  public let maxAmountIn: UInt128

  /// Amounts are base units of their token.
  public init(tokenIn: Address, tokenOut: Address, amountOut: UInt128, maxAmountIn: UInt128) {
    self.tokenIn = tokenIn
    self.tokenOut = tokenOut
    self.amountOut = amountOut
    self.maxAmountIn = maxAmountIn
  }

  /// - Throws: `abi` for another function and for every encoding that is not the canonical one.
  public init(calldata: [UInt8]) throws(TempoError) {
    var values = try ABIReader.decode(StablecoinDEXABI.swapExactAmountOut, calldata)
    tokenIn = try values.address()
    tokenOut = try values.address()
    amountOut = try values.uint128()
    maxAmountIn = try values.uint128()
  }

  /// 132 bytes.
  public func calldata() throws(TempoError) -> [UInt8] {
    try ABIReader.encode(
      StablecoinDEXABI.swapExactAmountOut,
      [.address(tokenIn), .address(tokenOut), .uint(amountOut), .uint(maxAmountIn)])
  }
}
