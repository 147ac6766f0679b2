@testable import EVM
@testable import MPPCore
@testable import Tempo
@testable import TempoRPC

/// Answers of a node, which may be anybody's. The first byte chooses what was asked.
enum RPCAnswerProperties {
  static func check(_ bytes: [UInt8]) throws {
    guard let kind = bytes.first else { return }
    let limits = RPCAnswerLimits.json(bytes: ChainClientLimits().answerBytes)
    do {
      let result = try JSONRPC.result(of: Array(bytes.dropFirst()), id: 1, limits: limits)
      try read(result, kind % 6)
    } catch let error as JSONRPCError {
      _ = ErrorClassifier.read(error)
      _ = ErrorClassifier.send(error)
    } catch let error as ChainError {
      try require(error.code == .invalidAnswer, "an unreadable answer is not called one")
    }
  }

  private static func read(_ value: JSONValue, _ kind: UInt8) throws {
    switch kind {
    case 0:
      let receipt = try TransactionReceipt(value)
      for log in receipt.logs {
        _ = try? ChannelReserveEvent(log: log)
        _ = try? TIP20Event(log: log)
        try require(log.topics.count <= 4, "a log with more than four topics")
      }
    case 1:
      let block = try ChainBlock(value)
      _ = try FeeEstimate(baseFeePerGas: block.baseFeePerGas ?? .max, tip: 1)
    case 2:
      let number = try RPCAnswer.quantity(value, "quantity")
      try require(
        value.stringValue.map { $0.lowercased() == Hex.quantity(number) } == true,
        "a quantity has two spellings")
    case 3:
      let data = try RPCAnswer.data(value, "data")
      _ = ContractErrors.reason(data).description
    case 4: _ = try RPCAnswer.hash(value, "hash")
    default: _ = try RPCAnswer.address(value, "address")
    }
  }
}
