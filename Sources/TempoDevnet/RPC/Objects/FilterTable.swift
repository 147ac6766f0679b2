import EVM
import MPPCore
import Tempo

/// The filters that callers have installed and poll (`03` §10.2).
struct FilterTable: Sendable {
  enum Kind: Sendable {
    case blocks
    case pendingTransactions
    /// The filter, and the blocks it is limited to.
    case logs(DevnetCore.LogFilter, from: UInt64, to: UInt64?)
  }

  struct Entry: Sendable {
    let kind: Kind
    /// The first block that has not been reported.
    var next: UInt64
    /// Logs of blocks that were taken back after they had been reported.
    var removed: [JSONValue] = []
    /// Pending transactions that have been reported.
    var seen: Set<Hash32> = []
  }

  static let maximumFilters = 256
  private(set) var entries: [UInt64: Entry] = [:]
  private var lastID: UInt64 = 0

  mutating func add(_ entry: Entry) throws(RPCFailure) -> UInt64 {
    guard entries.count < Self.maximumFilters else { throw .refused("too many filters") }
    lastID += 1
    entries[lastID] = entry
    return lastID
  }

  mutating func remove(_ id: UInt64) -> Bool { entries.removeValue(forKey: id) != nil }

  subscript(id: UInt64) -> Entry? {
    get { entries[id] }
    set { entries[id] = newValue }
  }

  /// Tells every filter of blocks that are gone; `log` writes one of their logs as removed.
  mutating func takeBack(
    _ blocks: [(block: Block, transactions: [SealedTransaction])],
    log: (SealedTransaction, Int, Block) -> JSONValue
  ) {
    guard let first = blocks.first?.block.number else { return }
    for id in entries.keys {
      guard var entry = entries[id] else { continue }
      if case .logs(let filter, let from, _) = entry.kind {
        for (block, transactions) in blocks where block.number < entry.next && block.number >= from {
          for sealed in transactions {
            for (index, entryLog) in sealed.outcome.logs.enumerated()
            where filter.matches(entryLog.address, entryLog.topics) {
              entry.removed.append(log(sealed, index, block))
            }
          }
        }
      }
      entry.next = min(entry.next, first)
      entries[id] = entry
    }
  }
}
