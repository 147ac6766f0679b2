import EVM
import Tempo

/// What a node said to a raw transaction.
enum SendAnswer: Sendable, Equatable {
  case accepted(Hash32)
  /// The node has seen these bytes, or their nonce is used: the receipt tells.
  case known(String)
  /// The node refused the bytes.
  case refused(String)
  /// It is certain that the node has not seen them.
  case notReceived(String)
  /// Nobody knows.
  case ambiguous(String)
}

/// Sorts errors of nodes by their text, since nodes disagree on codes (`02` §14.2).
enum ErrorClassifier {
  static func read(_ error: JSONRPCError) -> ChainError {
    let text = error.message.lowercased()
    if let reverted = revert(error, text) { return reverted }
    let code: ChainError.Code =
      switch error.code {
      case -32601, -32004: .unsupported
      case -1, -32001, -32005, -32603, 429: .unavailable
      default: text.contains("rate limit") || text.contains("too many requests") ? .unavailable : .rejected
      }
    return ChainError(code, error.message, rpcCode: error.code)
  }

  static func read(_ error: RPCTransportError) -> ChainError {
    switch error.code {
    case .timeout: ChainError(.timeout, "the node did not answer in time")
    case .answerTooLarge: ChainError(.invalidAnswer, "the node's answer is too large")
    case .cancelled: ChainError(.cancelled, "cancelled")
    case .connectionFailed, .connectionLost, .rateLimited, .httpStatus:
      ChainError(.unavailable, "the node cannot be reached: \(error.code.rawValue) \(error.message)")
    }
  }

  static func send(_ error: JSONRPCError) -> SendAnswer {
    let text = error.message.lowercased()
    if alreadyThere.contains(where: { text.contains($0) }) { return .known(error.message) }
    // Too late now says nothing about an earlier sending, by us or by the signer.
    if text.contains("transaction expired") { return .ambiguous(error.message) }
    switch error.code {
    // The node failed, or has the transaction and does not know its end (EIP-7966).
    case -1, -32603, 4: return .ambiguous(error.message)
    case -32005, 429: return .notReceived(error.message)
    default: return .refused(error.message)
    }
  }

  static func send(_ error: RPCTransportError) -> SendAnswer {
    let text = "\(error.code.rawValue) \(error.message)"
    return error.mayHaveBeenReceived ? .ambiguous(text) : .notReceived(text)
  }

  private static let alreadyThere = ["already known", "nonce too low", "expiringnoncereplay"]

  private static func revert(_ error: JSONRPCError, _ text: String) -> ChainError? {
    let data = error.data.flatMap { try? Hex.decode($0) } ?? []
    guard error.code == 3 || text.contains("execution reverted") || text.contains("revert") && !data.isEmpty
    else { return nil }
    return ChainError(
      .reverted, error.message, rpcCode: error.code, revertReason: RevertName.of(data), revertData: data)
  }
}
