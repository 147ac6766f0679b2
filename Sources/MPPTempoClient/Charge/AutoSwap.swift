public import EVM

/// Pays a charge from another token when the account has not enough of the one that is asked for: an exchange at the stablecoin DEX,
/// in the same transaction, in front of the payment (`06` §1.7).
public struct AutoSwap: Sendable, Hashable {
  /// Tokens that may be given, in order of preference, before pathUSD and USDC.e. The spending policy's list of tokens narrows them.
  public var tokens: [Address]
  /// Hundredths of a percent by which the exchange may cost more than quoted; at most ``largestSlippage``.
  public var slippageBasisPoints: UInt64

  /// Half of the quote.
  public static let largestSlippage: UInt64 = 5_000

  /// With a slippage of 1 % unless said otherwise.
  public init(tokens: [Address] = [], slippageBasisPoints: UInt64 = 100) {
    self.tokens = tokens
    self.slippageBasisPoints = min(slippageBasisPoints, Self.largestSlippage)
  }

  /// The most that is given for a quote, in base units; nil beyond 128 bits.
  func maximumInput(for quote: UInt128) -> UInt128? {
    let (product, overflow) = quote.multipliedReportingOverflow(by: UInt128(slippageBasisPoints))
    guard !overflow else { return nil }
    let (sum, sumOverflow) = quote.addingReportingOverflow(product / 10_000)
    return sumOverflow ? nil : sum
  }
}
