import EVM

/// Taking blocks back (`03` §12.3).
extension ChainState {
  /// Removes the newest blocks and their effects, and counts the event so that new blocks have new hashes.
  /// Returns what was removed, oldest first; `nil` when the chain is not that long or no longer knows how.
  mutating func removeBlocks(_ depth: UInt64) -> [(block: Block, transactions: [SealedTransaction])]? {
    guard depth > 0, depth <= latest.number, latest.number - depth >= max(oldestBlock, readableFrom),
      depth <= UInt64(ChainParameters.readableBlocks)
    else { return nil }
    adoptControlWrites()
    var removed: [(block: Block, transactions: [SealedTransaction])] = []
    for _ in 0..<depth {
      let block = popBlock()
      world.storage.undo(block.writes)
      let sealed = block.transactions.compactMap { transactions[$0] }
      for hash in block.transactions { forget(hash) }
      removed.append((block, sealed))
    }
    rebuildExpiring()
    reorganisations += 1
    return removed.reversed()
  }

  /// Replay hashes follow the state, in the order in which they expire.
  mutating func rebuildExpiring() {
    var entries: [(hash: Hash32, validBefore: UInt64)] = []
    for (slot, value) in world.storage.cells {
      if case .expiring(let hash) = slot { entries.append((hash, value.uint64 ?? .max)) }
    }
    entries.sort { ($0.validBefore, $0.hash) < ($1.validBefore, $1.hash) }
    expiring = ExpiringQueue()
    for entry in entries { expiring.append(entry.hash, validBefore: entry.validBefore) }
  }
}
