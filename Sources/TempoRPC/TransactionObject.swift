import EVM
import MPPCore
import Tempo

/// The JSON form of an unsigned Tempo transaction, for `eth_call` and `eth_estimateGas` (`20` §3).
enum TransactionObject {
  static func json(_ transaction: TempoTransaction, from: Address) -> JSONValue {
    var members: [JSONValue.Member] = []
    func add(_ key: String, _ value: JSONValue) { members.append(JSONValue.Member(key: key, value: value)) }
    add("from", .string(from.hex))
    add("type", .string("0x76"))
    add("chainId", RPCValue.hex(transaction.chainID))
    add("calls", .array(transaction.calls.map(call)))
    if transaction.gas > 0 { add("gas", RPCValue.hex(transaction.gas)) }
    add("maxFeePerGas", RPCValue.hex(transaction.maxFeePerGas))
    add("maxPriorityFeePerGas", RPCValue.hex(transaction.maxPriorityFeePerGas))
    add("nonceKey", .string(transaction.nonceKey.hexQuantity))
    add("nonce", RPCValue.hex(transaction.nonce))
    if let validBefore = transaction.validBefore { add("validBefore", RPCValue.hex(validBefore)) }
    if let validAfter = transaction.validAfter { add("validAfter", RPCValue.hex(validAfter)) }
    if let feeToken = transaction.feeToken { add("feeToken", .string(feeToken.hex)) }
    return .object(members)
  }

  private static func call(_ call: Call) -> JSONValue {
    var members = [
      JSONValue.Member(key: "value", value: .string("0x0")),
      JSONValue.Member(key: "data", value: .string(Hex.encode(call.data))),
    ]
    if let to = call.to { members.insert(JSONValue.Member(key: "to", value: .string(to.hex)), at: 0) }
    return .object(members)
  }
}
