import EVM
import MPPCore

/// Taking blocks back: `devnet_reorg` (`03` §12.3).
extension DevnetCore {
  /// Removes blocks, then lets their transactions vanish, come back, or be replaced by others. Returns the hashes
  /// that were sealed in the new block.
  mutating func reorganise(_ json: JSONValue?, wall: Timestamp) throws(RPCFailure) -> [Hash32] {
    let depth = try json?["depth"].map { value throws(RPCFailure) in
      try RPCParameters.quantity(value, "depth")
    }
    let replacements = try (json?["transactions"]?.arrayValue ?? []).map { value throws(RPCFailure) in
      try RPCParameters.bytes(value, "transactions")
    }
    switch json?["mode"].map({ $0.nameValue ?? "" }) ?? "drop" {
    case "drop": return try reorganise(depth ?? 1, .drop, wall: wall)
    case "readd": return try reorganise(depth ?? 1, .readd, wall: wall)
    case "replace": return try reorganise(depth ?? 1, .replace(replacements), wall: wall)
    default: throw .invalidParameters("mode is drop, readd or replace")
    }
  }

  mutating func reorganise(
    _ depth: UInt64, _ mode: DevnetReorganisation, wall: Timestamp
  ) throws(RPCFailure) -> [Hash32] {
    guard let removed = chain.removeBlocks(depth) else {
      throw .invalidParameters("the chain cannot go back \(depth) blocks")
    }
    let writer = json
    filters.takeBack(removed) { sealed, index, block in
      writer.log(sealed, index, block: block, removed: true)
    }
    switch mode {
    case .drop: return []
    case .readd:
      return sealAgain(removed.flatMap(\.transactions).map(\.transaction), wall: wall)
    case .replace(let raws):
      var transactions: [ChainTransaction] = []
      for raw in raws {
        transactions.append(try ChainState.authenticate(raw, parameters: chain.parameters))
      }
      return sealAgain(transactions, wall: wall)
    }
  }

  /// One new block with what is still valid; the rest vanishes.
  private mutating func sealAgain(_ transactions: [ChainTransaction], wall: Timestamp) -> [Hash32] {
    guard !transactions.isEmpty else { return [] }
    chain.pool = transactions.map { PendingTransaction(transaction: $0) } + chain.pool
    seal(wall: wall)
    return chain.latest.transactions
  }
}
