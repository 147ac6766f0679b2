public import EVM
import MPPCore

/// The head of a block, as far as payments need it.
public struct ChainBlock: Sendable, Hashable {
  public let number: UInt64
  public let hash: Hash32
  /// Seconds since 1970.
  public let timestamp: UInt64
  /// Attodollars per gas; nil where the chain has no base fee.
  public let baseFeePerGas: UInt128?

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
