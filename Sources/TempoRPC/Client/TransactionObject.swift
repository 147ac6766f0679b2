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
