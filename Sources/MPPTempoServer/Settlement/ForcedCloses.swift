import EVM
import MPPTempo
import Synchronization

/// Channels that the watch has found in need of something, from then until it was tried: each once.
///
/// Bounded by the number of channels that owe something.
final class ForcedCloses: Sendable {
  enum Need: Sendable {
    /// The payer has asked the chain to close the channel.
    case close(Hash32)
    /// The channel was gone after the block: whoever ended it may have captured something.
    case explanation(before: ChannelRecord, UInt64)

    var channelID: Hash32 {
      switch self {
      case .close(let id): id
      case .explanation(let record, _): record.channelID
      }
    }
  }

  /// What was found, in order.
  let found: AsyncStream<Need>
  private let continuation: AsyncStream<Need>.Continuation
  private let underWay = Mutex<Set<Hash32>>([])

  init() { (found, continuation) = AsyncStream.makeStream() }

  func insert(_ need: Need) {
    if underWay.withLock({ $0.insert(need.channelID).inserted }) { continuation.yield(need) }
  }

  /// Whether it came to something or not: the next look may find the channel again.
  func tried(_ need: Need) { underWay.withLock { _ = $0.remove(need.channelID) } }

  /// Nothing more will be found.
  func finish() { continuation.finish() }
}
