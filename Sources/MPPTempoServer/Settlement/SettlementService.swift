import EVM
import Logging
import MPPCore
import MPPServer
import MPPTempo
import Metrics
import Tempo
import TempoRPC

/// Settles in the background: what request handlers report as due, what an interval makes due, and channels
/// whose payer has asked the chain to close them. A failure is logged and tried again at the next sweep; it
/// never fails a request that was paid (W36).
final class SettlementService: Sendable {
  private let channels: ChannelService
  private let plan: SettlementPlan?
  private let queue: SettlementQueue
  private static let page = 100
  private static let concurrency = 8
  /// Each may wait some seconds for deliveries to end, and all have the same quarter of an hour.
  private static let forcedConcurrency = 64

  init(_ channels: ChannelService, _ plan: SettlementPlan?, _ queue: SettlementQueue) {
    self.channels = channels
    self.plan = plan
    self.queue = queue
  }

  /// Looks once at everything the last run left in the journal. What is still undecided stays there, and the
  /// channel's next action or the next sweep looks again.
  func reconcile() async throws {
    try await reconcile(patience: 0)
  }

  private func reconcile(patience: Int64) async throws {
    let intents = try await channels.intents.pending(.channels, limit: Self.page * 10)
    await each(intents, "a chain action is not finished yet", \.identity.subject) { intent in
      try await self.resume(intent, deadline: patience)
    }
    try Task.checkCancellation()
  }

  /// Until the task is cancelled.
  func run() async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.settleReported() }
      // A forced close has a deadline, and a hostile payer can make the rest slow: nothing else delays it.
      group.addTask { await self.regularly { await self.step { try await self.sweepForcedCloses() } } }
      group.addTask { await self.regularly { await self.sweepRest() } }
      await group.waitForAll()
    }
  }

  private func settleReported() async {
    for await _ in queue.signals {
      if Task.isCancelled { return }
      await drain()
    }
  }

  /// Settles what was reported as due. Returns when all of it was tried.
  func drain() async {
    await each(queue.takeAll()) { try await self.settle($0) }
  }

  private func regularly(_ body: () async -> Void) async {
    while !Task.isCancelled {
      await body()
      do {
        try await channels.options.sleeper.sleep(milliseconds: channels.options.sweepInterval)
      } catch { return }
    }
  }

  /// One look at everything: forced closes, unfinished actions, due intervals. No step stops another.
  func sweep() async {
    await step { try await self.sweepForcedCloses() }
    await sweepRest()
  }

  private func sweepRest() async {
    // Long enough for bytes that were never sent to be sent and found.
    await step { try await self.reconcile(patience: self.channels.options.limits.receiptPoll * 4) }
    await step { try await self.sweepIntervals() }
    await step { try await self.purge() }
  }

  /// Ended chain actions leave the ledger after their time, some at each sweep.
  private func purge() async throws {
    let bound = channels.clock.now.adding(milliseconds: -channels.options.intentRetention)
    try await channels.intents.purge(.channels, createdBefore: bound, limit: Self.page * 10)
  }

  private func step(_ body: () async throws -> Void) async {
    do { try await body() } catch { report("a sweep was not finished", nil, error) }
  }

  private func settle(_ id: Hash32) async throws {
    guard let plan, let record = try await channels.load(id), plan.isDue(record, now: channels.clock.now)
    else { return }
    _ = try await channels.settle(id, trigger: .scheduled) { [channels] record in
      plan.isDue(record, now: channels.clock.now)
    }
  }

  private func sweepIntervals() async throws {
    guard let plan, let interval = plan.intervalMilliseconds else { return }
    try await channels.ledger.flush()
    let bound = channels.clock.now.adding(milliseconds: -interval).milliseconds
    var cursor: IndexCursor?
    while true {
      let entries = try await channels.table.scan(
        slot: ChannelRecord.settleableSlot, .through(bound), after: cursor, limit: Self.page)
      guard let last = entries.last else { return }
      cursor = last.cursor
      await each(try Self.ids(entries)) { try await self.settle($0) }
    }
  }

  /// Reads every channel that owes something, in batches, and closes those whose payer is about to withdraw
  /// (W32).
  func sweepForcedCloses() async throws {
    // What was delivered and not waited for counts too.
    try await channels.ledger.flush()
    var cursor: IndexCursor?
    while true {
      let entries = try await channels.table.scan(
        slot: ChannelRecord.owedSlot, after: cursor, limit: Self.page)
      guard let last = entries.last else { return }
      cursor = last.cursor
      var records: [ChannelRecord] = []
      for id in try Self.ids(entries) {
        if let record = try await channels.load(id), !record.finalized { records.append(record) }
      }
      for (_, group) in Dictionary(grouping: records, by: \.escrow) { try await look(group) }
    }
  }

  private func look(_ records: [ChannelRecord]) async throws {
    guard let escrow = records.first?.escrow else { return }
    let block = try await channels.reader.head()
    let states = try await channels.client.channelStates(
      records.map(\.channelID), escrow: escrow, at: .number(block))
    var forced: [Hash32] = []
    var stale: [Hash32] = []
    var gone: [(record: ChannelRecord, state: ChannelState)] = []
    for (record, state) in zip(records, states) {
      guard state.exists else {
        gone.append((record, state))
        continue
      }
      let merged = try await channels.merge(
        ChannelObservation(state, block: block), record.channelID, readAt: channels.clock.now)
      if merged.closeRequestedAt != 0, merged.used > merged.settled {
        forced.append(record.channelID)
      }
      if merged.phase == .closing { stale.append(record.channelID) }
    }
    await each(stale) { try await self.channels.releaseStaleClose($0) }
    await each(forced, concurrency: Self.forcedConcurrency) { try await self.channels.closeForced($0) }
    try await end(gone, escrow, block)
  }

  /// Channels that read as gone, when they do so a second time.
  private func end(
    _ found: [(record: ChannelRecord, state: ChannelState)], _ escrow: Address, _ block: UInt64
  ) async throws {
    guard !found.isEmpty else { return }
    let answers = try await channels.reader.areGone(found.map(\.record.channelID), escrow, after: block)
    var ended: [ChannelRecord] = []
    for ((record, state), isGone) in zip(found, answers) {
      guard isGone else {
        report("the node contradicts itself about a channel", record.channelID, nil)
        continue
      }
      _ = try await channels.merge(
        ChannelObservation(state, block: block), record.channelID, readAt: channels.clock.now)
      ended.append(record)
    }
    // Only an explanation: one that cannot be had is not a reason to skip what can still be saved.
    await each(ended, "the end of a channel is not explained", \.channelID) { record in
      try await self.channels.explainEnd(record, block)
    }
  }

  private func resume(_ intent: ChainIntent, deadline: Int64?) async throws {
    let id = intent.identity.subject
    try await channels.exclusively(id) {
      switch intent.identity.kind {
      case .settle: _ = try await channels.finishSettlement(intent, trigger: .settle, deadline: deadline)
      case .close: _ = try await channels.finishClose(intent, deadline: deadline)
      case .open: try await channels.finishOpen(intent, deadline: deadline)
      case .topUp: try await channels.finishTopUp(intent, deadline: deadline)
      case .requestClose, .withdraw, .charge, .renew: break
      }
    }
  }

  private func each(
    _ ids: [Hash32], concurrency: Int = SettlementService.concurrency,
    _ body: @escaping @Sendable (Hash32) async throws -> Void
  ) async {
    await each(ids, "a channel could not be settled", { $0 }, concurrency: concurrency, body)
  }

  private func each<Item: Sendable>(
    _ items: [Item], _ failure: Logger.Message, _ id: @escaping @Sendable (Item) -> Hash32,
    concurrency: Int = SettlementService.concurrency,
    _ body: @escaping @Sendable (Item) async throws -> Void
  ) async {
    await withTaskGroup(of: Void.self) { group in
      for (index, item) in items.enumerated() {
        if index >= concurrency { await group.next() }
        group.addTask {
          do { try await body(item) } catch { self.report(failure, id(item), error) }
        }
      }
    }
  }

  private func report(_ message: Logger.Message, _ id: Hash32?, _ error: (any Error)?) {
    Counter(label: "mpp_settlement_failures_total").increment()
    var metadata: Logger.Metadata = [:]
    if let error { metadata["error"] = "\(error)" }
    if let id { metadata["mpp.channel"] = "\(id.hex.prefix(10))" }
    channels.logger.warning(message, metadata: metadata)
  }

  private static func ids(_ entries: [IndexEntry]) throws -> [Hash32] {
    try entries.map { try Hash32($0.key.id) }
  }
}
