import EVM
import MPPCore
import Tempo

/// A transaction with what became of it, in the state file.
enum SealedTransactionJSON {
  static func write(_ sealed: SealedTransaction) -> JSONValue {
    let outcome = sealed.outcome
    return [
      "raw": .string(Quantity.data(sealed.transaction.raw)), "succeeded": .bool(outcome.succeeded),
      "gasUsed": Quantity.hex(outcome.gasUsed), "price": Quantity.hex(outcome.price),
      "fee": Quantity.hex(outcome.fee), "feeToken": Quantity.json(outcome.feeToken),
      "contractAddress": Quantity.json(outcome.contractAddress),
      "failedCall": outcome.failedCall.map { .integer(Int64($0)) } ?? .null,
      "revertName": outcome.revert.map { .string($0.name) } ?? .null,
      "revertData": outcome.revert.map { .string(Quantity.data($0.data)) } ?? .null,
      "logs": .array(
        outcome.logs.map { log in
          [
            "address": Quantity.json(log.address), "topics": .array(log.topics.map(Quantity.hash)),
            "data": .string(Quantity.data(log.data)),
          ]
        }),
    ]
  }

  /// The transactions of a block, in order. Signatures are read again; what the chain has decided is not.
  static func read(_ block: JSONValue, parameters: ChainParameters) throws -> [SealedTransaction] {
    let number = try RPCParameters.quantity(block["number"], "number")
    var gas: UInt64 = 0
    var logCount = 0
    var sealed: [SealedTransaction] = []
    for entry in block["transactions"]?.arrayValue ?? [] {
      let raw = try RPCParameters.bytes(entry["raw"], "raw")
      let transaction = try ChainState.recover(try TransactionDecoder.decode(raw))
      let outcome = try outcome(entry)
      gas += outcome.gasUsed
      sealed.append(
        SealedTransaction(
          transaction: transaction, outcome: outcome, blockNumber: number, index: sealed.count,
          firstLogIndex: logCount, cumulativeGas: gas))
      logCount += outcome.logs.count
    }
    return sealed
  }

  private static func outcome(_ json: JSONValue) throws -> ExecutionOutcome {
    func address(_ name: String) throws(RPCFailure) -> Address? {
      guard let value = json[name], !value.isNull else { return nil }
      return try RPCParameters.address(value, name)
    }
    let revert = try json["revertName"]?.stringValue.map { name throws(RPCFailure) in
      Revert(restoring: name, try RPCParameters.bytes(json["revertData"], "revertData"))
    }
    return ExecutionOutcome(
      succeeded: json["succeeded"]?.boolValue ?? false,
      gasUsed: try RPCParameters.quantity(json["gasUsed"], "gasUsed"),
      price: try RPCParameters.uint256(json["price"], "price").uint128 ?? 0,
      fee: try RPCParameters.uint256(json["fee"], "fee").uint128 ?? 0, feeToken: try address("feeToken"),
      logs: try (json["logs"]?.arrayValue ?? []).map(log), revert: revert,
      failedCall: json["failedCall"]?.intValue.map { Int(clamping: $0) },
      contractAddress: try address("contractAddress"))
  }

  private static func log(_ json: JSONValue) throws(RPCFailure) -> Log {
    var topics: [Hash32] = []
    for topic in json["topics"]?.arrayValue ?? [] { topics.append(try RPCParameters.hash(topic, "topic")) }
    return Log(
      address: try RPCParameters.address(json["address"], "address"), topics: topics,
      data: try RPCParameters.bytes(json["data"], "data"))
  }
}
