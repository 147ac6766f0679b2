import EVM
import MPPCore

/// Rules as `devnet_fault` takes them:
/// `{"match": {"rpc": "eth_call"}, "action": {"delay": {"ms": 500}}, "skip": 1, "count": 2}`.
extension FaultRule {
  init(json: JSONValue) throws(RPCFailure) {
    guard let action = json["action"] else { throw .invalidParameters("a fault needs an action") }
    var match = FaultMatch(method: json["match"]?["rpc"]?.stringValue)
    if let value = json["match"]?["from"] { match.from = try RPCParameters.address(value, "from") }
    if let value = json["match"]?["to"] { match.to = try RPCParameters.address(value, "to") }
    if let value = json["match"]?["selector"] { match.selector = try RPCParameters.bytes(value, "selector") }
    if let value = json["match"]?["hash"] { match.hash = try RPCParameters.hash(value, "hash") }
    if let value = json["match"]?["feePayer"] {
      match.feePayer = try RPCParameters.address(value, "feePayer")
    }
    if let value = json["match"]?["channelId"] {
      match.channelID = try RPCParameters.hash(value, "channelId")
    }
    match.path = json["match"]?["path"]?.stringValue
    let probability: Double =
      switch json["probability"] {
      case .some(.number(let value)): value
      case .some(.integer(let value)): Double(value)
      default: 1
      }
    // `staleReads` has its count among its own arguments.
    let inner = action.objectValue?.first?.value["count"]
    let count = (json["count"] ?? inner)?.intValue.map { Int(clamping: $0) }
    self.init(
      match, try FaultAction(json: action), skip: Int(clamping: json["skip"]?.intValue ?? 0),
      count: json["count"]?.isNull == true ? nil : count ?? 1, probability: probability)
  }
}

extension FaultAction {
  /// A name, or an object with one member: the name and its arguments.
  fileprivate init(json: JSONValue) throws(RPCFailure) {
    let name = json.nameValue ?? json.objectValue?.first?.key ?? ""
    let arguments = json.objectValue?.first?.value ?? .null
    func integer(_ key: String, _ fallback: Int) -> Int {
      arguments[key]?.intValue.map { Int(clamping: $0) } ?? fallback
    }
    switch name {
    case "rpcError":
      self = .rpcError(
        code: integer("code", -32603), message: arguments["message"]?.stringValue ?? "injected",
        data: arguments["data"])
    case "http":
      self = .http(
        status: integer("status", 503), body: arguments["body"]?.stringValue ?? "",
        retryAfterSeconds: arguments["retryAfter"]?.intValue.map { Int(clamping: $0) })
    case "delay": self = .delay(milliseconds: integer("ms", 1_000))
    case "hang": self = .hang(milliseconds: integer("ms", 30_000))
    case "refuse": self = .refuse
    case "loseReply": self = .loseReply
    case "garbage": self = .garbage
    case "patchResult": self = .patchResult(arguments)
    case "staleReads": self = .staleReads(blocks: integer("blocks", 1))
    case "drop": self = .drop
    case "hold" where arguments["ms"] != nil: self = .holdFor(milliseconds: integer("ms", 0))
    case "hold": self = .hold(blocks: integer("blocks", 1))
    case "duplicate": self = .duplicate
    case "outOfGas": self = .outOfGas
    case "patchReceipt": self = .patchReceipt(arguments)
    case "revert":
      self = .revert(data: arguments["data"] == nil ? [] : try RPCParameters.bytes(arguments["data"], "data"))
    case "hideReceipt" where arguments["ms"] != nil:
      self = .hideReceiptFor(milliseconds: integer("ms", 0))
    case "hideReceipt": self = .hideReceipt(polls: integer("polls", 1))
    default: throw .invalidParameters("unknown fault \(name)")
    }
  }
}
