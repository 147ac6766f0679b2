import EVM
import MPPCore
import MPPTempo
import Synchronization

/// When each channel's chain state was last read (`04` §19), and what was read without being written into the record: who only
/// looks at a credential writes nothing. In memory only: after a restart every channel is read once.
final class ChannelFreshness: Sendable {
  private struct Entry {
    var readAt: Timestamp
    /// No attempt to read before this time, after one has failed.
    var notBefore: Timestamp?
  }

  private struct State {
    var entries: [Hash32: Entry] = [:]
    /// Of fresh entries; nearly always empty.
    var unwritten: [Hash32: ChannelObservation] = [:]

    func isFresh(_ id: Hash32, _ now: Timestamp, _ ttl: Int64) -> Bool {
      guard let entry = entries[id] else { return false }
      if let notBefore = entry.notBefore, now < notBefore,
        notBefore <= now.adding(milliseconds: ChannelFreshness.pauseAfterFailure)
      {
        return true
      }
      // A clock that was set back makes everything stale, not fresh for longer.
      return now >= entry.readAt && now <= entry.readAt.adding(milliseconds: ttl)
    }
  }

  /// What is known without reading the chain.
  struct Reading: Sendable, Equatable {
    /// What the record does not say yet.
    var unwritten: ChannelObservation?
  }

  /// The last look out of turn; see ``beginLook(_:_:)``.
  private struct LookOutOfTurn {
    var at: Timestamp
    var hasFailed = false
  }

  enum Look: Sendable, Equatable {
    /// It is the caller's turn.
    case due
    /// Somebody has just looked.
    case made
    /// Somebody has just tried to.
    case failed
  }

  private let state = Mutex(State())
  private let looks = Mutex<[Hash32: LookOutOfTurn]>([:])
  private let ttl: Int64
  private let capacity: Int
  private static let pauseAfterFailure: Int64 = 1_000
  private static let pauseBetweenLooks: Int64 = 1_000

  init(ttl: Int64, capacity: Int = 100_000) {
    self.ttl = ttl
    self.capacity = capacity
  }

  /// Nil when the chain has to be read. Strictly older than the limit is stale.
  func reading(_ id: Hash32, _ now: Timestamp) -> Reading? {
    state.withLock { state in
      guard state.isFresh(id, now, ttl) else { return nil }
      return Reading(unwritten: state.unwritten.isEmpty ? nil : state.unwritten[id])
    }
  }

  /// - Parameter unwritten: what was read, when the record does not say it yet.
  func noteRead(_ id: Hash32, _ now: Timestamp, unwritten: ChannelObservation? = nil) {
    state.withLock { state in
      if state.entries.count >= capacity, state.entries[id] == nil {
        state.entries.removeAll()
        state.unwritten.removeAll()
      }
      state.entries[id] = Entry(readAt: now)
      if unwritten != nil || !state.unwritten.isEmpty { state.unwritten[id] = unwritten }
    }
  }

  /// The record says it now.
  func noteWritten(_ id: Hash32, _ observation: ChannelObservation) {
    state.withLock { state in
      if state.unwritten[id] == observation { state.unwritten[id] = nil }
    }
  }

  /// Whether a channel's state may be read although it is fresh: once a second.
  func beginLook(_ id: Hash32, _ now: Timestamp) -> Look {
    looks.withLock { looks in
      // A clock that was set back stops nobody.
      if let last = looks[id], now >= last.at, now < last.at.adding(milliseconds: Self.pauseBetweenLooks) {
        return last.hasFailed ? .failed : .made
      }
      if looks.count >= capacity, looks[id] == nil { looks.removeAll() }
      looks[id] = LookOutOfTurn(at: now)
      return .due
    }
  }

  func lookFailed(_ id: Hash32) { looks.withLock { $0[id]?.hasFailed = true } }

  /// After a failed read: whether the old state may be used for now, because it is not older than `limit`.
  func toleratesFailure(_ id: Hash32, _ now: Timestamp, limit: Int64) -> Bool {
    state.withLock { state in
      guard let entry = state.entries[id], now <= entry.readAt.adding(milliseconds: limit) else {
        return false
      }
      state.entries[id]?.notBefore = now.adding(milliseconds: Self.pauseAfterFailure)
      return true
    }
  }
}
