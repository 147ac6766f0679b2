import EVM
import MPPClient
import MPPCore
import MPPTempo
import Synchronization

/// The channels of one scope and the order in which they are used.
///
/// `lock` is held while a voucher is reserved, recorded and signed, and over whole exchanges that must be alone: open,
/// top-up, close, and a repetition after a refusal. `permits` bounds the requests under way; a close takes them all. A
/// permit is taken before the lock, never while it is held.
final class SessionLane: Sendable {
  let key: LaneKey
  let lock = FIFOPermits(count: 1, maximumWaiters: 1024)
  let permits: FIFOPermits
  private let journal: ChannelJournal
  private let channels: Mutex<[Hash32: ClientChannel]>
  private let lastChallenge = Mutex<Challenge?>(nil)

  init(key: LaneKey, journal: ChannelJournal, options: ClientOptions, channels: [ClientChannel] = []) {
    self.key = key
    self.journal = journal
    permits = FIFOPermits(
      count: options.requestsInFlightPerChannel, maximumWaiters: options.waitingRequestsPerChannel)
    self.channels = Mutex(
      Dictionary(channels.map { ($0.channelID, $0) }, uniquingKeysWith: { first, _ in first }))
  }

  var all: [ClientChannel] { channels.withLock { $0.values.sorted { $0.createdAt < $1.createdAt } } }

  func channel(_ id: Hash32) -> ClientChannel? { channels.withLock { $0[id] } }

  /// The channel to pay with: open, or being opened.
  var current: ClientChannel? {
    all.last { $0.phase == .open } ?? all.last { $0.phase == .opening }
  }

  /// Σ deposits that are, or may be, locked by this scope.
  var lockedDeposits: Amount {
    all.filter(\.mayHoldDeposit).reduce(.zero) { sum, channel in
      do { return try sum.adding(channel.account.deposit) } catch { return .maxUInt96 }
    }
  }

  var challenge: Challenge? {
    get { lastChallenge.withLock { $0 } }
    set { lastChallenge.withLock { $0 = newValue } }
  }

  func insert(_ channel: ClientChannel) { channels.withLock { $0[channel.channelID] = channel } }

  /// Changes a channel in memory; `store` makes it durable.
  func update<T: Sendable>(
    _ id: Hash32, _ body: (inout ClientChannel) throws -> T
  ) throws -> T {
    try channels.withLock { channels in
      guard var channel = channels[id] else {
        throw PaymentClientError(.inconsistent, "channel \(id) is not in its lane")
      }
      let result = try body(&channel)
      channels[id] = channel
      return result
    }
  }

  /// Applies events and stores the result. The lock must be held.
  func apply(
    _ events: [ClientChannel.Event], to id: Hash32, with others: [JournalRecord] = []
  ) async throws -> DurableChannel {
    try update(id) { channel in
      for event in events { channel = try channel.applying(event) }
    }
    return try await store(id, with: others)
  }

  /// Makes a channel's present state durable, together with `others`. The lock must be held: versions are written in
  /// order.
  func store(_ id: Hash32, with others: [JournalRecord] = []) async throws -> DurableChannel {
    let snapshot = try update(id) { channel in
      channel.version += 1
      return channel
    }
    guard let durable = try await journal.store([snapshot], with: others).first else {
      throw PaymentClientError(.inconsistent, "nothing was stored")
    }
    return durable
  }
}
