import EVM
import Synchronization

/// Channels that the watch has found in need of something.
///
/// Bounded by the number of channels that owe something.
final class ForcedCloses: Sendable {
  /// Channels whose payer has asked the chain to close them, in the order in which they were found.
  let found: AsyncStream<Hash32>
  /// Channels that were found gone: whoever ended them may have captured something.
  let ended: AsyncStream<UnexplainedEnds.End>
  private let closes: AsyncStream<Hash32>.Continuation
  private let ends: AsyncStream<UnexplainedEnds.End>.Continuation
  private let underWay = Mutex<Set<Hash32>>([])

  init() {
    (found, closes) = AsyncStream.makeStream()
    (ended, ends) = AsyncStream.makeStream()
  }

  /// Each once, from here until it was tried.
  func insert(_ id: Hash32) {
    if underWay.withLock({ $0.insert(id).inserted }) { closes.yield(id) }
  }

  /// Whether it came to something or not: the next look may find the channel again.
  func tried(_ id: Hash32) { underWay.withLock { _ = $0.remove(id) } }

  func insert(_ end: UnexplainedEnds.End) { ends.yield(end) }

  /// Nothing more will be found.
  func finish() {
    closes.finish()
    ends.finish()
  }
}
