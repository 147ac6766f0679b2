public import MPPCore
import Tempo

/// The most a sponsor pays, and agrees to, for one transaction of somebody else (`02` §6.4, `06` §1.11).
public struct SponsorLimits: Sendable, Hashable {
  /// Gas of one transaction.
  public var maximumGas: UInt64
  /// Attodollars per gas.
  public var maximumFeePerGas: UInt64
  /// Attodollars per gas.
  public var maximumPriorityFeePerGas: UInt64
  /// Attodollars: gas × fee per gas.
  public var maximumTotalFee: UInt64
  /// Seconds a transaction may be valid for, from now on.
  public var maximumValidity: UInt64
  /// Sponsored transactions that may be under way at once.
  public var maximumInFlight: Int
  /// Attodollars that all transactions under way may cost together.
  public var maximumInFlightFee: UInt64
  /// Sponsored transactions of one payer that may be under way at once, so that one payer cannot use up the rest.
  public var maximumInFlightPerPayer: Int
  /// Attodollars that the transactions of one payer under way may cost together; a quarter of all unless chosen, and at least
  /// one transaction.
  public var maximumInFlightFeePerPayer: UInt64
  /// Attodollars that the transactions of one payer may cost from the first of them until 24 hours later, counted with the most that each
  /// can cost; a hundred times one transaction unless chosen.
  public var maximumFeePerPayerPerDay: UInt64
  /// The smallest deposit of a channel whose opening is sponsored, in base units of its token. What one transaction may cost, in a token of
  /// six decimals, unless chosen: what an opening costs us is then not more than what it ties up.
  public var minimumDeposit: Amount

  /// The reference's limits for a chain.
  public static func standard(chainID: UInt64) -> SponsorLimits {
    SponsorLimits(
      maximumGas: 2_000_000, maximumFeePerGas: 100_000_000_000,
      maximumPriorityFeePerGas: chainID == TempoChain.moderato ? 50_000_000_000 : 10_000_000_000,
      maximumTotalFee: 50_000_000_000_000_000, maximumValidity: 900)
  }

  /// - Parameters:
  ///   - maximumFeePerGas: attodollars.
  ///   - maximumPriorityFeePerGas: attodollars.
  ///   - maximumTotalFee: attodollars.
  ///   - maximumValidity: seconds.
  ///   - maximumInFlightFee: attodollars; nil: ten times `maximumTotalFee`.
  ///   - maximumInFlightFeePerPayer: attodollars; nil: a quarter of `maximumInFlightFee`, and at least
  ///     `maximumTotalFee`.
  ///   - maximumFeePerPayerPerDay: attodollars; nil: a hundred times `maximumTotalFee`.
  ///   - minimumDeposit: base units; nil: `maximumTotalFee` in a token of six decimals.
  public init(
    maximumGas: UInt64, maximumFeePerGas: UInt64, maximumPriorityFeePerGas: UInt64, maximumTotalFee: UInt64,
    maximumValidity: UInt64, maximumInFlight: Int = 100, maximumInFlightFee: UInt64? = nil,
    maximumInFlightPerPayer: Int = 10, maximumInFlightFeePerPayer: UInt64? = nil,
    maximumFeePerPayerPerDay: UInt64? = nil, minimumDeposit: Amount? = nil
  ) {
    self.maximumGas = maximumGas
    self.maximumFeePerGas = maximumFeePerGas
    self.maximumPriorityFeePerGas = maximumPriorityFeePerGas
    self.maximumTotalFee = maximumTotalFee
    self.maximumValidity = maximumValidity
    self.maximumInFlight = maximumInFlight
    let (tenfold, overflow) = maximumTotalFee.multipliedReportingOverflow(by: 10)
    self.maximumInFlightFee = maximumInFlightFee ?? (overflow ? .max : tenfold)
    self.maximumInFlightPerPayer = maximumInFlightPerPayer
    self.maximumInFlightFeePerPayer =
      maximumInFlightFeePerPayer ?? max(self.maximumInFlightFee / 4, maximumTotalFee)
    let (hundredfold, isTooMuch) = maximumTotalFee.multipliedReportingOverflow(by: 100)
    self.maximumFeePerPayerPerDay = maximumFeePerPayerPerDay ?? (isTooMuch ? .max : hundredfold)
    let units = (UInt128(maximumTotalFee) + Fees.attodollarsPerUnit - 1) / Fees.attodollarsPerUnit
    self.minimumDeposit = minimumDeposit ?? Amount(units: units)
  }
}
