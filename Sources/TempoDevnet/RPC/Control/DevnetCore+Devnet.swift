import EVM
import MPPCore

/// Control methods no real node has (`03` §11, §12). Faults by JSON: ``FaultRule/init(json:)``.
extension DevnetCore {
  mutating func answerDevnet(_ call: RPCCall, wall: Timestamp) throws(RPCFailure) -> JSONValue? {
    let parameters = call.parameters
    switch call.method {
    case "devnet_setBaseFee":
      chain.parameters.baseFee = UInt128(try parameters.quantity(0))
      return true
    case "devnet_setGasModel":
      guard let model = DevnetConfiguration.GasModel(rawValue: try parameters.text(0)) else {
        throw .invalidParameters("a gas model is flat or schedule")
      }
      chain.parameters.gasModel = model
      return true
    case "devnet_getState": return state()
    case "devnet_trace": return trace(try parameters.hash(0))
    case "devnet_channels": return channels()
    case "devnet_keys": return keys(of: try parameters.address(0))
    case "devnet_reset":
      reset()
      return true
    case "devnet_reorg": return .array(try reorganise(parameters[0], wall: wall).map(Quantity.hash))
    case "devnet_setSponsorPolicy":
      sponsorPolicy = try DevnetSponsorPolicy(json: parameters[0] ?? .null)
      return true
    case "devnet_fault":
      guard let json = parameters[0] else { throw .invalidParameters("missing fault") }
      return .integer(Int64(faults.add(try FaultRule(json: json))))
    case "devnet_clearFaults":
      clearFaults()
      return true
    case "devnet_faults": return .array(faults.entriesJSON)
    case "devnet_rpcLog":
      let since =
        try parameters[0]?["since"].map { value throws(RPCFailure) in
          try RPCParameters.quantity(value, "since")
        } ?? 0
      return .array(log.requests(after: Int(clamping: since)).map(\.json))
    default: return try answerTokenControl(call)
    }
  }
}

extension DevnetRequest {
  fileprivate var json: JSONValue {
    var members: [(String, JSONValue)] = [
      ("index", .integer(Int64(index))), ("method", .string(method)), ("params", .array(params)),
      ("faulted", .bool(wasFaulted)),
    ]
    switch answer {
    case .result(let value): members.append(("result", value))
    case .error(let code, let message):
      members.append(("error", ["code": .integer(Int64(code)), "message": .string(message)]))
    case .suppressed: break
    }
    return ChainJSON.object(members)
  }
}
