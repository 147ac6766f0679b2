import MPPCore

/// A JSON-RPC error: what a caller gets instead of a result (`03` §10.7).
struct RPCFailure: Error, Sendable {
  let code: Int
  let message: String
  let data: JSONValue?

  init(_ code: Int, _ message: String, data: JSONValue? = nil) {
    self.code = code
    self.message = message
    self.data = data
  }

  /// The pool refuses the transaction (nonce, fee, time, signature).
  static func refused(_ message: String) -> RPCFailure { RPCFailure(-32000, message) }
  /// The fee cannot be paid (balance, fee token), or the pool has no room.
  static func rejected(_ message: String, data: JSONValue? = nil) -> RPCFailure {
    RPCFailure(-32003, message, data: data)
  }
  /// The pool's words; a simulation is answered in others.
  static let belowBaseFee = refused("gas price is less than basefee")
  static func invalidParameters(_ message: String) -> RPCFailure { RPCFailure(-32602, message) }
  static func blockNotFound(_ block: String) -> RPCFailure { RPCFailure(-32001, "block not found: \(block)") }
  static let undecodable = RPCFailure(-32602, "failed to decode signed transaction")

  static func methodMissing(_ method: String) -> RPCFailure {
    RPCFailure(-32601, "the method \(method) does not exist/is not available")
  }

  /// `execution reverted: Name` with the bytes of the revert.
  static func reverted(_ revert: Revert) -> RPCFailure {
    let reason = revert.name.isEmpty ? "" : ": \(revert.name)"
    return RPCFailure(3, "execution reverted\(reason)", data: .string(Quantity.data(revert.data)))
  }

  var json: JSONValue {
    var members: [JSONValue.Member] = [
      .init(key: "code", value: .integer(Int64(code))), .init(key: "message", value: .string(message)),
    ]
    if let data { members.append(.init(key: "data", value: data)) }
    return .object(members)
  }
}
