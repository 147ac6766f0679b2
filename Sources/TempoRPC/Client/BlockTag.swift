import MPPCore

/// Which state a read is about.
public enum BlockTag: Sendable, Hashable {
  /// The newest state the asked node has; another node may be ahead.
  case latest
  /// The newest state with the transactions that wait at this node.
  case pending
  /// The state after this block. Reads after inclusion are made here, so that a lagging node answers with an
  /// error instead of with old state (finding U3).
  case number(UInt64)

  var json: JSONValue {
    switch self {
    case .latest: .string("latest")
    case .pending: .string("pending")
    case .number(let number): RPCAnswer.hex(number)
    }
  }
}
