import EVM
import MPPCore
import Tempo

/// Limits for the JSON of a node's answer: large, but bounded.
enum RPCAnswerLimits {
  static func json(bytes: Int) -> JSONLimits { JSONLimits(maximumBytes: bytes) }
}

/// Names revert data.
enum RevertName {
  static func of(_ data: [UInt8]) -> String? {
    let reason = ContractErrors.reason(data)
    return switch reason {
    case .empty, .unknown: nil
    case .message(let text): text
    case .custom, .panic: reason.name ?? reason.description
    }
  }
}
