/// Where intents live: the ledger of a server, the journal of a client.
///
/// Every call is durable when it returns. Calls for one identity come from one task at a time.
public protocol IntentStore: Sendable {
  /// Stores `intent` unless one with its identity is there and not in a final state.
  /// - Returns: the intent that is stored now: the given one, or the unfinished one that was there.
  func insert(_ intent: ChainIntent) async throws -> ChainIntent
  func load(_ identity: ChainIntent.Identity) async throws -> ChainIntent?
  /// Replaces the stored intent of the same identity.
  func update(_ intent: ChainIntent) async throws
  /// Forgets a finished intent; no effect when there is none.
  func remove(_ identity: ChainIntent.Identity) async throws
  /// Unfinished intents, oldest first, at most `limit`.
  func pending(limit: Int) async throws -> [ChainIntent]
}
