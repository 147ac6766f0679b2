public import EVM

/// Why a call to the chain did not give a result.
///
/// `isAmbiguous` is the question that matters for money: an ambiguous error means the action may have taken
/// effect, so it must be reconciled (by hash, by effect) before anything is signed again.
public struct ChainError: Error, Sendable, Equatable {
  /// A bounded vocabulary: what a caller may do next follows from it.
  public enum Code: String, Sendable, CaseIterable {
    /// The node refused the request for good; nothing happened.
    case rejected
    /// The call or transaction ran and was reverted.
    case reverted
    /// The node could not be asked, or cannot answer now. Reads may be repeated.
    case unavailable
    /// The request was sent and no answer says what became of it.
    case ambiguous
    /// No answer, or no receipt, in time: the action may still take effect.
    case timeout
    /// The answer breaks the rules of JSON-RPC or of the method.
    case invalidAnswer
    /// The node does not offer the method.
    case unsupported
    /// Too many requests of this process wait for the node.
    case overloaded
    /// `validBefore` is well past on chain and the transaction is not there: it can never be included.
    case expired
    /// The task was cancelled; whether a request had left is not known.
    case cancelled
    /// The node is on another chain than the one it was to be on; nothing it says is believed, and nothing was sent to it.
    case wrongChain
  }

  /// What happened, in one word.
  public let code: Code
  /// For people; at most 256 characters of what the node said.
  public let message: String
  /// The JSON-RPC error code of the node, where it gave one.
  public let rpcCode: Int64?
  /// The name of the revert reason where it is known, e.g. `AmountNotIncreasing`.
  public let revertReason: String?
  /// What the contract returned; empty where the node did not say.
  public let revertData: [UInt8]
  /// The transaction this is about.
  public let hash: Hash32?

  /// - Parameters:
  ///   - message: cut after 256 characters.
  ///   - hash: the transaction, once there is one.
  public init(
    _ code: Code, _ message: String, rpcCode: Int64? = nil, revertReason: String? = nil,
    revertData: [UInt8] = [], hash: Hash32? = nil
  ) {
    self.code = code
    self.message = String(message.prefix(256))
    self.rpcCode = rpcCode
    self.revertReason = revertReason
    self.revertData = revertData
    self.hash = hash
  }

  /// Whether the action may have had an effect on chain.
  public var isAmbiguous: Bool { code == .ambiguous || code == .timeout }

  /// Whether the same *read* may succeed later.
  public var isRetryable: Bool {
    switch code {
    case .unavailable, .ambiguous, .timeout, .overloaded, .wrongChain: true
    case .rejected, .reverted, .invalidAnswer, .unsupported, .expired, .cancelled: false
    }
  }

  /// A bounded vocabulary for metrics.
  public var label: String { code.rawValue }

  func with(hash: Hash32) -> ChainError {
    ChainError(
      code, message, rpcCode: rpcCode, revertReason: revertReason, revertData: revertData, hash: hash)
  }
}

extension ChainError: CustomStringConvertible {
  public var description: String {
    var text = "\(code.rawValue): \(message)"
    if let revertReason { text += " (\(revertReason))" }
    if let hash { text += " [\(hash.hex)]" }
    return text
  }
}
