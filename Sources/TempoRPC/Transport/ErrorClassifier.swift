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
      default: (throttled + [behind]).contains { text.contains($0) } ? .unavailable : .rejected
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

  /// A refusal is believed only where its text is one that a node says before it takes a transaction: whatever else came back may
  /// have been said by a gateway that had passed the bytes on.
  static func send(_ error: JSONRPCError) -> SendAnswer {
    let text = error.message.lowercased()
    func says(_ phrases: [String]) -> Bool { phrases.contains { text.contains($0) } }
    if says(alreadyThere) { return .known(error.message) }
    if says(passing) { return .ambiguous(error.message) }
    switch error.code {
    // The node failed, or has the transaction and does not know its end (EIP-7966).
    case -1, -32603, 4: return .ambiguous(error.message)
    case -32602, -32003: return .refused(error.message)
    default: break
    }
    if says(refusals + malformed) { return .refused(error.message) }
    return says(throttled) ? .notReceived(error.message) : .ambiguous(error.message)
  }

  static func send(_ error: RPCTransportError) -> SendAnswer {
    let text = "\(error.code.rawValue) \(error.message)"
    return error.mayHaveBeenReceived ? .ambiguous(text) : .notReceived(text)
  }

  private static let alreadyThere = ["already known", "nonce too low", "expiringnoncereplay"]
  /// A node that does not have the newest blocks of a range yet: the same question is answered a moment later.
  private static let behind = "block range extends beyond current head"
  private static let throttled = ["rate limit", "too many requests"]
  /// What says nothing of how the bytes end, in lower case: too late is no word about an earlier sending, by us or by the signer; the
  /// base fee falls again, and the pool empties. The same bytes are sent until they have expired, and no others are signed before.
  private static let passing = [
    "transaction expired", "gas price is less than basefee", "max fee per gas less than block base fee",
    "txpool is full",
  ]
  /// What the pool says of a transaction it does not take (`02` §14.2), in lower case.
  private static let refusals = [
    "nonce too high", "insufficient funds", "intrinsic gas too low",
    "insufficient fee token balance", "transaction not valid yet", "is too close to current time",
    "expiring nonce transaction", "nonce manager error", "fee payer signature recovery failed",
    "fee payer cannot resolve to sender", "value transfer not allowed",
    "value transfer in tempo transaction not allowed", "calls list cannot be empty",
    "too many calls in aa transaction", "keychain validation failed", "keychain precompile error",
    "keyauthorization must be signed by root account", "keyauthorization chain_id mismatch",
    "legacy v1 keychain signature", "is paused and cannot be used for fees",
    "insufficient liquidity in feeamm pool",
  ]
  /// What makes a transaction one that no block can hold, as the pool says it of gas, fees, form and signatures.
  private static let malformed = [
    "call gas cost (", "gas floor (", "priority fee is greater than max fee", ") is greater than the cap (",
    "invalid chain id", "invalid transaction signature", "failed to decode signed transaction",
    "call input size ", "too many access list accounts", "too many storage keys in access list entry",
    "too many total storage keys in access list", "too many authorizations in aa transaction",
    "too many token limits in key authorization", "keychain signature validation failed",
    "access keys cannot authorize other keys", "failed to recover access key address from signature",
    "failed to recover signer from keyauthorization signature",
  ]

  private static func revert(_ error: JSONRPCError, _ text: String) -> ChainError? {
    let data = error.data.flatMap { try? Hex.decode($0) } ?? []
    guard error.code == 3 || text.contains("execution reverted") || text.contains("revert") && !data.isEmpty
    else { return nil }
    return ChainError(
      .reverted, error.message, rpcCode: error.code, revertReason: RevertName.of(data), revertData: data)
  }
}
