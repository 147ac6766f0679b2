import EVM

/// The rules of a chain that do not change while it runs.
struct ChainParameters: Sendable {
  let chainID: UInt64
  var baseFee: UInt128
  var gasModel: DevnetConfiguration.GasModel
  var sealing: DevnetConfiguration.Sealing
  let heartbeat: Bool
  let expiryWindow: UInt64
  let poolMargin: UInt64
  let validityClock: DevnetConfiguration.ValidityClock
  let retainedBlocks: Int
  let maximumExpiringNonces: Int
  let legacyEscrowInitCodes: Set<Hash32>

  static let maximumPending = 10_000
  static let blockGasLimit: UInt64 = 500_000_000
  static let transactionGasCap: UInt64 = 30_000_000
  /// Blocks whose state can still be read.
  static let readableBlocks = 1_024

  init(_ configuration: DevnetConfiguration) {
    chainID = configuration.chainID
    baseFee = UInt128(configuration.baseFee)
    gasModel = configuration.gasModel
    sealing = configuration.sealing
    heartbeat = configuration.heartbeat
    expiryWindow = configuration.expiryWindow
    poolMargin = configuration.poolMargin
    validityClock = configuration.validityClock
    maximumExpiringNonces = configuration.maximumExpiringNonces
    legacyEscrowInitCodes = Set(
      [CodeKind.legacyEscrowInitCode, configuration.extraLegacyEscrowInitCode].compactMap(\.self))
    retainedBlocks = max(configuration.retainedBlocks, Self.readableBlocks)
  }
}

/// Fees in token units (`02` §7.1).
enum Fee {
  static let attodollarsPerUnit: UInt128 = 1_000_000_000_000

  /// `ceil(gas × price / 10¹²)`, or `nil` when that is beyond any balance.
  static func units(gas: UInt64, price: UInt128) -> UInt128? {
    let (product, overflow) = UInt128(gas).multipliedReportingOverflow(by: price)
    guard !overflow else { return nil }
    let (units, rest) = product.quotientAndRemainder(dividingBy: attodollarsPerUnit)
    return units + (rest == 0 ? 0 : 1)
  }
}
