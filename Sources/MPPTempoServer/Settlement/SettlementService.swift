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
  let channels: ChannelService
  private let plan: SettlementPlan?
  private let queue: SettlementQueue
  /// Channels read at once.
  let page: Int
  private static let concurrency = 8

  init(_ channels: ChannelService, _ plan: SettlementPlan?, _ queue: SettlementQueue, page: Int = 100) {
    self.channels = channels
    self.plan = plan
    self.queue = queue
    self.page = page
  }

  /// Looks once at everything that is in the journal. What is still undecided stays there, and the
  /// channel's next action or the next sweep looks again.
  func reconcile() async throws {
    try await reconcile(patience: 0)
  }

  private func reconcile(patience: Int64) async throws {
    let intents = try await channels.intents.pending(.channels, limit: page * 10)
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
      group.addTask { await self.watchForcedCloses() }
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

  func regularly(_ body: () async -> Void) async {
    while !Task.isCancelled {
      await body()
      do {
        try await channels.options.sleeper.sleep(milliseconds: channels.options.sweepInterval)
      } catch { return }
    }
  }

  /// One look at everything: forced closes, unfinished actions, channels that are due. No step stops another.
  func sweep() async {
    await sweepForcedCloses()
    await sweepRest()
  }

  private func sweepRest() async {
    // Long enough for bytes that were never sent to be sent and found.
    await step { try await self.reconcile(patience: self.channels.options.limits.receiptPoll * 4) }
    await step { try await self.sweepDue() }
    await step { try await self.purge() }
  }

  /// Ended chain actions leave the ledger after their time, some at each sweep.
  private func purge() async throws {
    let bound = channels.clock.now.adding(milliseconds: -channels.options.intentRetention)
    try await channels.intents.purge(.channels, createdBefore: bound, limit: page * 10)
  }

  func step(_ body: () async throws -> Void) async {
    do { try await body() } catch { report("a sweep was not finished", nil, error) }
  }

  /// Does something about one channel; a failure is reported, and tried again at a later sweep.
  @discardableResult
  func attempt(_ failure: Logger.Message, _ id: Hash32, _ body: () async throws -> Void) async -> Bool {
    do {
      try await body()
      return true
    } catch {
      report(failure, id, error)
      return false
    }
  }

  /// A channel whose settlement keeps failing is left alone for longer and longer: each try costs requests, and may cost gas.
  private func settle(_ id: Hash32) async throws {
    guard let plan, let record = try await channels.load(id) else { return }
    let isDue: @Sendable (ChannelRecord) -> Bool = { [channels] record in
      let now = channels.clock.now
      return plan.isDue(record, now: now) && channels.settlementBackoff.allows(id, now: now)
    }
    guard isDue(record) else { return }
    do {
      _ = try await channels.settle(id, trigger: .scheduled, where: isDue)
    } catch {
      if !Task.isCancelled { channels.settlementBackoff.failed(id, now: channels.clock.now) }
      throw error
    }
  }

  /// What an interval makes due, and what was reported as due before and could not be settled, or was forgotten at a
  /// restart.
  private func sweepDue() async throws {
    guard let plan else { return }
    try await channels.ledger.flush()
    for range in dueRanges(plan) { try await sweepDue(range) }
  }

  private func sweepDue(_ range: IndexRange) async throws {
    var cursor: IndexCursor?
    while true {
      let entries = try await channels.table.scan(
        slot: ChannelRecord.settleableSlot, range, after: cursor, limit: page)
      guard let last = entries.last else { return }
      cursor = last.cursor
      await each(entries.compactMap { try? Hash32($0.key.id) }) { try await self.settle($0) }
    }
  }

  /// Where time alone decides, younger channels need not be looked at, except those of a clock that was ahead.
  private func dueRanges(_ plan: SettlementPlan) -> [IndexRange] {
    guard plan.units == nil, plan.amount == nil, let interval = plan.intervalMilliseconds else {
      return [.all]
    }
    let now = channels.clock.now
    return [
      .through(now.adding(milliseconds: -interval).milliseconds),
      .from(now.adding(milliseconds: interval).milliseconds),
    ]
  }

  private func resume(_ listed: ChainIntent, deadline: Int64?) async throws {
    try await channels.exclusively(listed.identity.subject, isOwn: true) {
      guard let intent = try await channels.intents.current(listed) else { return }
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
        group.addTask { await self.attempt(failure, id(item)) { try await body(item) } }
      }
    }
  }

  /// What the end of the server cuts off is no failure: the next start goes on with it.
  func report(_ message: Logger.Message, _ id: Hash32?, _ error: (any Error)?) {
    let isCutOff = Task.isCancelled
    if !isCutOff { Counter(label: "mpp_settlement_failures_total").increment() }
    var metadata: Logger.Metadata = [:]
    if let error { metadata["error"] = "\(error)" }
    if let id { metadata["mpp.channel"] = "\(id.hex.prefix(10))" }
    channels.logger.log(level: isCutOff ? .debug : .warning, message, metadata: metadata)
  }
}
