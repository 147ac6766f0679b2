public import EVM
import MPPCore

/// The head of a block, as far as payments need it.
public struct ChainBlock: Sendable, Hashable {
  /// Height; the genesis block is 0.
  public let number: UInt64
  /// Name of the block; another one at the same height means that the chain was reorganised.
  public let hash: Hash32
  /// Seconds since 1970.
  public let timestamp: UInt64
  /// Attodollars per gas; nil where the chain has no base fee.
  public let baseFeePerGas: UInt128?

  /// - Parameters:
  ///   - timestamp: seconds since 1970.
  ///   - baseFeePerGas: attodollars per gas.
  public init(number: UInt64, hash: Hash32, timestamp: UInt64, baseFeePerGas: UInt128?) {
    self.number = number
    self.hash = hash
    self.timestamp = timestamp
    self.baseFeePerGas = baseFeePerGas
  }

  init(_ value: JSONValue) throws(ChainError) {
    number = try RPCAnswer.quantity64(value["number"], "block number")
    hash = try RPCAnswer.hash(value["hash"], "block hash")
    timestamp = try RPCAnswer.quantity64(value["timestamp"], "block timestamp")
    if let fee = value["baseFeePerGas"], !fee.isNull {
      baseFeePerGas = try RPCAnswer.quantity(fee, "baseFeePerGas")
    } else {
      baseFeePerGas = nil
    }
  }
}
