import EVM
import MPPCore
import MPPTempo
import Synchronization

/// Channels that were found gone while they owed something, whoever saw it first: until the chain's logs have said what whoever
/// ended them has captured. What is owed counts as lost until then.
///
/// In memory only. A restart forgets them: no money depends on it, only what the books call lost.
final class UnexplainedEnds: Sendable {
  struct End: Sendable {
    /// The channel as it was known.
    let before: ChannelRecord
    /// It was gone after this block.
    let block: UInt64
  }

  private let waiting = Mutex<[Hash32: End]>([:])
  private let backoff: ChannelBackoff
  private let capacity: Int

  /// - Parameter capacity: ends that wait at once; those of further channels stay unexplained.
  init(_ backoff: ChannelBackoff, capacity: Int = 4_096) {
    self.backoff = backoff
    self.capacity = capacity
  }

  /// Takes note of an observation that has ended a channel.
  func note(_ observation: ChannelObservation, before: ChannelRecord?) {
    guard !observation.exists, let before, !before.finalized, before.accepted > before.settled,
      observation.block >= before.observedBlock
    else { return }
    insert(End(before: before, block: observation.block))
  }

  private func insert(_ end: End) {
    waiting.withLock { waiting in
      if waiting.count < capacity { waiting[end.before.channelID] = end }
    }
  }

  /// Takes those to look at now; each comes back by ``tried(_:isExplained:now:)``.
  func due(now: Timestamp) -> [End] {
    waiting.withLock { waiting in
      let due = waiting.values.filter { backoff.allows($0.before.channelID, now: now) }
      for end in due { waiting[end.before.channelID] = nil }
      return due
    }
  }

  /// One that failed comes again later, and later each time.
  func tried(_ end: End, isExplained: Bool, now: Timestamp) {
    let id = end.before.channelID
    guard !isExplained else { return backoff.succeeded(id) }
    backoff.failed(id, now: now)
    insert(end)
  }
}
