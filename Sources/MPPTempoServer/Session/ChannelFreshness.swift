import EVM
import MPPCore
import Synchronization

/// When each channel's chain state was last read into its record (`04` §19). In memory only: after a restart
/// every channel is read once.
final class ChannelFreshness: Sendable {
  private struct Entry {
    var readAt: Timestamp
    /// No attempt to read before this time, after one has failed.
    var notBefore: Timestamp?
  }

  private let entries = Mutex<[Hash32: Entry]>([:])
  private let ttl: Int64
  private let capacity: Int
  private static let pauseAfterFailure: Int64 = 1_000

  init(ttl: Int64, capacity: Int = 100_000) {
    self.ttl = ttl
    self.capacity = capacity
  }

  /// Whether the record may be used without reading the chain. Strictly older than the limit is stale.
  func isFresh(_ id: Hash32, _ now: Timestamp) -> Bool {
    entries.withLock { entries in
      guard let entry = entries[id] else { return false }
      if let notBefore = entry.notBefore, now < notBefore,
        notBefore <= now.adding(milliseconds: Self.pauseAfterFailure)
      {
        return true
      }
      // A clock that was set back makes everything stale, not fresh for longer.
      return now >= entry.readAt && now <= entry.readAt.adding(milliseconds: ttl)
    }
  }

  func noteRead(_ id: Hash32, _ now: Timestamp) {
    entries.withLock { entries in
      if entries.count >= capacity, entries[id] == nil { entries.removeAll() }
      entries[id] = Entry(readAt: now)
    }
  }

  /// After a failed read: whether the old state may be used for now, because it is not older than `limit`.
  func toleratesFailure(_ id: Hash32, _ now: Timestamp, limit: Int64) -> Bool {
    entries.withLock { entries in
      guard let entry = entries[id], now <= entry.readAt.adding(milliseconds: limit) else { return false }
      entries[id]?.notBefore = now.adding(milliseconds: Self.pauseAfterFailure)
      return true
    }
  }
}
