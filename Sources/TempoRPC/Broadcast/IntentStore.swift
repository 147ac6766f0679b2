/// Where intents live: the ledger of a server, the journal of a client.
///
/// Every call is durable when it returns. Calls for one identity come from one task at a time.
public protocol IntentStore: Sendable {
  /// Stores `intent`, unless the stored one of its identity is not ended, or is the same transaction and
  /// confirmed.
  /// - Returns: the intent that is stored now: the given one, or the one that was there.
  func insert(_ intent: ChainIntent) async throws -> ChainIntent
  /// The stored intent of this identity, ended or not; nil when there never was one, or it is no longer kept.
  func load(_ identity: ChainIntent.Identity) async throws -> ChainIntent?
  /// Replaces the stored intent of the same identity, unless that is another transaction or further on
  /// (``ChainIntent/State/mayBecome(_:)``): a process that was slow must not undo what another one has found out.
  func update(_ intent: ChainIntent) async throws
  /// Intents that are not ended, oldest first, at most `limit`.
  func pending(limit: Int) async throws -> [ChainIntent]
}

extension ChainIntent {
  /// Whether this stored intent stands in the way of `other`, a new one of the same identity.
  public func blocks(_ other: ChainIntent) -> Bool {
    switch state {
    case .prepared, .sent, .included: true
    case .confirmed: hash == other.hash
    case .expired, .rejected: false
    }
  }

  /// The intent as it is kept after its end: what it was, without its bytes.
  func ended(_ state: State) -> ChainIntent {
    ChainIntent(
      identity: identity, raw: [], hash: hash, validBefore: validBefore, createdAt: createdAt, state: state)
  }
}
