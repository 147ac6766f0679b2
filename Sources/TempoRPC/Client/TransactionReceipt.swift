public import EVM
import MPPCore
public import Tempo

/// A mined transaction's receipt (`02` §15).
///
/// Success is `succeeded` *and* the exact expected logs: a failed transaction still carries protocol logs.
public struct TransactionReceipt: Sendable, Hashable {
  /// The transaction the receipt is about.
  public let transactionHash: Hash32
  /// The block it is in; pin reads that follow from it to this number.
  public let blockNumber: UInt64
  /// Hash of that block.
  public let blockHash: Hash32
  /// Status 1. Proves no payment without the expected logs.
  public let succeeded: Bool
  /// The account that sent, also when an access key signed.
  public let from: Address
  /// The first call's target; nil for a creation.
  public let to: Address?
  /// Units of gas; the fee is `gasUsed × effectiveGasPrice / 10^12` base units, rounded up.
  public let gasUsed: UInt64
  /// Attodollars per gas.
  public let effectiveGasPrice: UInt128
  /// Who paid the fee; nil where the node does not say.
  public let feePayer: Address?
  /// In what the fee was paid; nil where the node does not say.
  public let feeToken: Address?
  /// Logs that count: those marked `removed` are left out.
  public let logs: [Log]

  init(_ value: JSONValue) throws(ChainError) {
    transactionHash = try RPCAnswer.hash(value["transactionHash"], "transactionHash")
    blockNumber = try RPCAnswer.quantity64(value["blockNumber"], "blockNumber")
    blockHash = try RPCAnswer.hash(value["blockHash"], "blockHash")
    switch try RPCAnswer.quantity(value["status"], "status") {
    case 0: succeeded = false
    case 1: succeeded = true
    default: throw RPCAnswer.invalid("status")
    }
    from = try RPCAnswer.address(value["from"], "from")
    to = try Self.optionalAddress(value["to"], "to")
    gasUsed = try RPCAnswer.quantity64(value["gasUsed"], "gasUsed")
    effectiveGasPrice = try RPCAnswer.quantity(value["effectiveGasPrice"], "effectiveGasPrice")
    feePayer = try Self.optionalAddress(value["feePayer"], "feePayer")
    feeToken = try Self.optionalAddress(value["feeToken"], "feeToken")
    guard case .array(let entries)? = value["logs"] else { throw RPCAnswer.invalid("logs") }
    var logs: [Log] = []
    for entry in entries {
      if case .bool(true)? = entry["removed"] { continue }
      logs.append(try Log(rpc: entry))
    }
    self.logs = logs
  }

  private static func optionalAddress(_ value: JSONValue?, _ name: String) throws(ChainError) -> Address? {
    guard let value, !value.isNull else { return nil }
    return try RPCAnswer.address(value, name)
  }
}

extension Log {
  /// At most four topics, as on chain.
  init(rpc value: JSONValue) throws(ChainError) {
    let address = try RPCAnswer.address(value["address"], "log address")
    guard case .array(let entries)? = value["topics"], entries.count <= 4 else {
      throw RPCAnswer.invalid("log topics")
    }
    var topics: [Hash32] = []
    for entry in entries { topics.append(try RPCAnswer.hash(entry, "log topic")) }
    self.init(address: address, topics: topics, data: try RPCAnswer.data(value["data"], "log data"))
  }
}
