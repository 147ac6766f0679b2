public import MPPCore

/// Things that may be used once, across restarts and nodes: payment hashes, proofs (`06` §1.12).
public struct ReplayClaims: Sendable {
  /// For claims that never expire, the default for payment hashes.
  public static let never = Timestamp(milliseconds: .max)

  private let store: any LedgerStore

  init(store: any LedgerStore) { self.store = store }

  /// Takes `key` for the first caller; `false` for all others until `expires`. Durable on return. After a throw the
  /// claim may have been taken, so the key counts as used.
  public func claim(
    _ key: ReplayKey, until expires: Timestamp = ReplayClaims.never, now: Timestamp
  ) async throws(StoreError) -> Bool {
    try await store.claim(key, until: expires, now: now)
  }
}
