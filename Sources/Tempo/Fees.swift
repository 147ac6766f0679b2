/// Fee arithmetic (`02` §7.1). Gas prices are attodollars per gas, tokens have six decimals.
public enum Fees {
  /// Attodollars in one base unit of a fee token.
  public static let attodollarsPerUnit: UInt128 = 1_000_000_000_000

  /// `ceil(gas × price / 10^12)`: what `gas` costs at `price`, in base units of the fee token.
  public static func tokenUnits(gas: UInt64, price: UInt128) throws(TempoError) -> UInt128 {
    let (product, overflow) = UInt128(gas).multipliedReportingOverflow(by: price)
    guard !overflow else { throw .amountOutOfRange }
    let (quotient, remainder) = product.quotientAndRemainder(dividingBy: attodollarsPerUnit)
    return remainder == 0 ? quotient : quotient + 1
  }

  /// `min(maxFee, baseFee + maxPriority)`, in attodollars per gas.
  public static func effectivePrice(baseFee: UInt128, maxFee: UInt128, maxPriority: UInt128) -> UInt128 {
    let (sum, overflow) = baseFee.addingReportingOverflow(maxPriority)
    return overflow ? maxFee : min(maxFee, sum)
  }
}
