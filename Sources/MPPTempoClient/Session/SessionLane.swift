import EVM
import MPPClient
import MPPCore
import MPPTempo
import Synchronization
import Tempo

/// The channels of one scope and the order in which they are used.
///
/// `lock` is held while a voucher is reserved, recorded and signed, and over whole exchanges that must be alone: open,
/// top-up, close, and a repetition after a refusal. `permits` bounds the requests under way; a close takes them all. A
/// permit is taken before the lock, never while it is held.
final class SessionLane: Sendable {
  let key: LaneKey
  /// Who signs this client's vouchers: a channel of another signer is not paid with.
  private let signer: Address
  let lock = FIFOPermits(count: 1, maximumWaiters: 1024)
  let permits: FIFOPermits
  private struct State {
    var channels: [Hash32: ClientChannel]
    /// Tasks that wait until no request is under way.
    var waiting: [AsyncStream<Void>.Continuation] = []

    var isIdle: Bool { channels.values.allSatisfy { $0.account.pending == .zero } }
  }

  private let journal: ChannelJournal
  private let spending: SpendLedger
  private let state: Mutex<State>
  private let lastChallenge = Mutex<Challenge?>(nil)

  init(
    key: LaneKey, signer: Address, journal: ChannelJournal, environment: ClientEnvironment,
    channels: [ClientChannel] = []
  ) {
    self.key = key
    self.signer = signer
    self.journal = journal
    spending = environment.spending
    let options = environment.options
    permits = FIFOPermits(
      count: options.requestsInFlightPerChannel, maximumWaiters: options.waitingRequestsPerChannel)
    state = Mutex(
      State(
        channels: Dictionary(channels.map { ($0.channelID, $0) }, uniquingKeysWith: { first, _ in first })))
  }

  var all: [ClientChannel] {
    state.withLock { $0.channels.values.sorted { $0.createdAt < $1.createdAt } }
  }

  func channel(_ id: Hash32) -> ClientChannel? { state.withLock { $0.channels[id] } }

  /// The channel to pay with: open, or being opened.
  var current: ClientChannel? {
    let ours = all.filter { $0.descriptor.effectiveSigner == signer }
    return ours.last { $0.phase == .open } ?? ours.last { $0.phase == .opening }
  }

  /// Σ deposits that are, or may be, locked by this scope; top-ups that are on their way are.
  var lockedDeposits: Amount {
    all.filter(\.mayHoldDeposit).reduce(.zero) { sum, channel in
      do {
        return try sum.adding(channel.account.deposit).adding(channel.topUp?.amount ?? .zero)
      } catch {
        return .maxUInt96
      }
    }
  }

  var challenge: Challenge? {
    get { lastChallenge.withLock { $0 } }
    set { lastChallenge.withLock { $0 = newValue } }
  }

  func insert(_ channel: ClientChannel) { state.withLock { $0.channels[channel.channelID] = channel } }

  /// Whether no request is under way.
  var isIdle: Bool { state.withLock { $0.isIdle } }

  /// Returns when no request is under way, or the task is cancelled. The lock must not be held: requests under way may
  /// need it to end.
  func untilIdle() async {
    let (stream, continuation) = AsyncStream<Void>.makeStream()
    let isIdle = state.withLock { state in
      if !state.isIdle { state.waiting.append(continuation) }
      return state.isIdle
    }
    if !isIdle { for await _ in stream {} }
  }

  /// Changes a channel in memory; `store` makes it durable.
  func update<T: Sendable>(
    _ id: Hash32, _ body: (inout ClientChannel) throws -> T
  ) throws -> T {
    let (result, waiting) = try state.withLock { state in
      guard var channel = state.channels[id] else {
        throw PaymentClientError(.inconsistent, "channel \(id) is not in its lane")
      }
      let result = try body(&channel)
      state.channels[id] = channel
      guard state.isIdle else { return (result, [AsyncStream<Void>.Continuation]()) }
      defer { state.waiting = [] }
      return (result, state.waiting)
    }
    for continuation in waiting { continuation.finish() }
    return result
  }

  /// Applies events and stores the result. The lock must be held.
  func apply(_ events: [ClientChannel.Event], to id: Hash32) async throws -> DurableChannel {
    try update(id) { channel in
      for event in events { channel = try channel.applying(event) }
    }
    return try await store(id)
  }

  /// Makes a channel's present state durable, and in the same write what was charged to the period's total since the
  /// last one that succeeded. The lock must be held: versions are written in order.
  func store(_ id: Hash32) async throws -> DurableChannel {
    let snapshot = try update(id) { channel in
      channel.version += 1
      return channel
    }
    let charge = spending.unstored(account: key.description)
    let stored = try await journal.store([snapshot], with: charge.map { [$0.record] } ?? [])
    if let charge { spending.stored(charge) }
    guard let durable = stored.first else {
      throw PaymentClientError(.inconsistent, "nothing was stored")
    }
    return durable
  }
}
