/// What became of an intent.
public struct BroadcastResult: Sendable {
  /// How an intent ended, or why it has not.
  public enum Outcome: Sendable, Equatable {
    /// On chain and successful; the receipt is ours.
    case included(TransactionReceipt)
    /// The effect is in the state after this block, though our receipt was not found.
    case effective(block: UInt64)
    /// On chain and failed: no effect.
    case reverted(TransactionReceipt)
    /// Refused by the node and never taken: no effect.
    case rejected(String)
    /// Can never be included any more: no effect.
    case expired
    /// No node has seen it; it stays in the journal and may be sent later.
    case unavailable(String)
    /// Undecided: it may take effect until it expires. It stays in the journal.
    case pending
  }

  /// The intent as stored now; with the bytes of the first submission.
  public let intent: ChainIntent
  /// What is known; only ``isUndecided`` ones may still change.
  public let outcome: Outcome

  /// Whether the action can still take effect, or has, without the caller knowing.
  public var isUndecided: Bool {
    switch outcome {
    case .unavailable, .pending: true
    case .included, .effective, .reverted, .rejected, .expired: false
    }
  }

  /// The error that tells a caller why there is no effect; nil when there is one.
  public var error: ChainError? {
    switch outcome {
    case .included, .effective: nil
    case .reverted: ChainError(.reverted, "the transaction was reverted", hash: intent.hash)
    case .rejected(let text): ChainError(.rejected, text, hash: intent.hash)
    case .expired: ChainError(.expired, "the transaction expired", hash: intent.hash)
    case .unavailable(let text): ChainError(.unavailable, text, hash: intent.hash)
    case .pending: ChainError(.ambiguous, "no receipt in time", hash: intent.hash)
    }
  }
}

extension BroadcastResult.Outcome {
  init(_ outcome: IntentMachine.Outcome, _ receipt: TransactionReceipt?) {
    switch (outcome, receipt) {
    case (.included, let receipt?): self = .included(receipt)
    case (.included(let block), nil), (.effective(let block), _): self = .effective(block: block)
    case (.reverted, let receipt?): self = .reverted(receipt)
    case (.reverted, nil): self = .rejected("reverted")
    case (.rejected(let text), _): self = .rejected(text)
    case (.expired, _): self = .expired
    case (.unavailable(let text), _): self = .unavailable(text)
    case (.pending, _): self = .pending
    }
  }
}
