import EVM
import MPPCore
import Tempo

/// The JSON form of an unsigned Tempo transaction, for `eth_call` and `eth_estimateGas` (`20` §3).
enum TransactionObject {
  static func json(_ transaction: TempoTransaction, from: Address) -> JSONValue {
    json(transaction.rpcRequest(from: from))
  }

  /// With what the node has to know of the key: its kind, and the limits and scopes it is bound by.
  static func json(
    _ transaction: TempoTransaction, from sender: RecoveredSender, feePayer: Address? = nil
  ) -> JSONValue {
    json(transaction.rpcRequest(from: sender, feePayer: feePayer))
  }

  /// The request of an estimate. It names no price: with one, a node bounds the estimate by what the sender holds of a fee token, though
  /// somebody else may pay, and in another token.
  static func estimate(_ transaction: TempoTransaction, from: Address) -> JSONValue {
    json(transaction.withoutPrice, from: from)
  }

  static func estimate(_ transaction: TempoTransaction, from sender: RecoveredSender) -> JSONValue {
    json(transaction.withoutPrice, from: sender)
  }

  static func json(_ value: RPCValue) -> JSONValue {
    switch value {
    case .null: .null
    case .bool(let value): .bool(value)
    case .string(let value): .string(value)
    case .array(let values): .array(values.map(json))
    case .object(let members):
      .object(members.map { JSONValue.Member(key: $0.name, value: json($0.value)) })
    }
  }
}

extension TempoTransaction {
  fileprivate var withoutPrice: TempoTransaction {
    var transaction = self
    transaction.maxFeePerGas = 0
    transaction.maxPriorityFeePerGas = 0
    return transaction
  }
}
