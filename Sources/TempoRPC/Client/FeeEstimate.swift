/// Fees for a transaction, in attodollars per gas.
public struct FeeEstimate: Sendable, Hashable {
  /// The most the transaction pays for each unit of gas.
  public let maxFeePerGas: UInt128
  /// The part of it that goes on top of the base fee.
  public let maxPriorityFeePerGas: UInt128

  /// Both in attodollars per gas; nothing is checked.
  public init(maxFeePerGas: UInt128, maxPriorityFeePerGas: UInt128) {
    self.maxFeePerGas = maxFeePerGas
    self.maxPriorityFeePerGas = maxPriorityFeePerGas
  }

  /// 1.2 × base fee + tip: room for six rises of the base fee.
  /// - Throws: `.invalidAnswer` when the node names fees that do not fit.
  public init(baseFeePerGas: UInt128, tip: UInt128) throws(ChainError) {
    let (sixfold, o1) = baseFeePerGas.multipliedReportingOverflow(by: 6)
    let (sum, o2) = (sixfold / 5).addingReportingOverflow(tip)
    guard !o1, !o2 else { throw ChainError(.invalidAnswer, "the node names impossible fees") }
    self.init(maxFeePerGas: sum, maxPriorityFeePerGas: tip)
  }
}
