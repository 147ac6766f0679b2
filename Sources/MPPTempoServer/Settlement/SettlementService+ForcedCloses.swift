import EVM
import Logging
import MPPCore
import MPPServer
import MPPTempo
import Tempo
import TempoRPC

// The watch for payers who take their deposits back (W32). A forced close has a deadline, and a hostile payer can make
// each of them slow: looking waits for no close, and no close waits for another.
extension SettlementService {
  /// Each may wait some seconds for deliveries to end, and all have the same quarter of an hour.
  private static var forcedConcurrency: Int { 64 }
  /// These have no deadline, and take no place of those that have.
  private static var explanations: Int { 4 }

  /// Looks once at every channel that owes something, and closes those whose payer is about to withdraw. Returns when
  /// all were tried.
  func sweepForcedCloses() async {
    await closingWhatIsFound { found in await self.step { try await self.look(found) } }
  }

  /// Until the task is cancelled.
  func watchForcedCloses() async {
    await closingWhatIsFound { found in
      await self.regularly { await self.step { try await self.look(found) } }
    }
  }

  private func closingWhatIsFound(_ look: @Sendable (ForcedCloses) async -> Void) async {
    let closes = ForcedCloses()
    async let closed: Void = each(of: closes.found, atOnce: Self.forcedConcurrency) { id in
      await self.attempt("a forced close could not be answered", id) {
        try await self.channels.closeForced(id)
      }
      closes.tried(id)
    }
    async let explained: Void = each(of: closes.ended, atOnce: Self.explanations) { await self.explain($0) }
    await look(closes)
    closes.finish()
    await closed
    await explained
  }

  private func each<Item: Sendable>(
    of items: AsyncStream<Item>, atOnce: Int, _ body: @escaping @Sendable (Item) async -> Void
  ) async {
    await withTaskGroup(of: Void.self) { group in
      var running = 0
      for await item in items {
        if running >= atOnce { await group.next() } else { running += 1 }
        group.addTask { await body(item) }
      }
    }
  }

  private func explain(_ end: UnexplainedEnds.End) async {
    let isExplained = await attempt("the end of a channel is not explained", end.before.channelID) {
      try await self.channels.explainEnd(end)
    }
    channels.ends.tried(end, isExplained: isExplained, now: channels.clock.now)
  }

  /// Reads every channel that owes something, in batches, and says which ends are to be explained: those it has seen, and others'.
  private func look(_ closes: ForcedCloses) async throws {
    defer { for end in channels.ends.due(now: channels.clock.now) { closes.insert(end) } }
    // What was delivered and not waited for counts too.
    await step { try await channels.ledger.flush() }
    var cursor: IndexCursor?
    while true {
      let entries = try await channels.table.scan(
        slot: ChannelRecord.owedSlot, after: cursor, limit: page)
      guard let last = entries.last else { return }
      cursor = last.cursor
      for (escrow, group) in Dictionary(grouping: try await records(entries), by: \.escrow) {
        do {
          try await look(group, escrow, closes)
        } catch let error as ChainError where error.code != .cancelled {
          // What the node cannot say of some channels must not hide the others.
          report("channels could not be looked at", group.first?.channelID, error)
        }
      }
    }
  }

  /// A record that cannot be read is reported and left out.
  private func records(_ entries: [IndexEntry]) async throws -> [ChannelRecord] {
    var records: [ChannelRecord] = []
    for entry in entries {
      do {
        if let record = try await channels.table.load(entry.key), !record.finalized { records.append(record) }
      } catch let error as StoreError where error.code != .closed {
        // Damaged, or on a part of the disk that is.
        report("a channel's record cannot be read", try? Hash32(entry.key.id), error)
      }
    }
    return records
  }

  private func look(_ records: [ChannelRecord], _ escrow: Address, _ closes: ForcedCloses) async throws {
    let block = try await channels.reader.head()
    let client = channels.client
    let states = try await client.readBack { () async throws(ChainError) in
      try await client.channelStates(records.map(\.channelID), escrow: escrow, at: .number(block))
    }
    var doubtful: [(record: ChannelRecord, seen: ChannelObservation)] = []
    for (record, state) in zip(records, states) {
      let seen = ChannelObservation(state, block: block)
      if seen.isBeyond(deposit: record.deposit, settled: record.settled) {
        doubtful.append((record, seen))
      } else {
        await take(seen, record, closes)
      }
    }
    guard !doubtful.isEmpty else { return }
    let answers = try await channels.reader.secondLook(
      doubtful.map(\.record.channelID), escrow, after: block)
    for ((record, seen), second) in zip(doubtful, answers) {
      if let believed = seen.confirmed(by: second) {
        await take(believed, record, closes)
      } else {
        report("the node contradicts itself about a channel", record.channelID, nil)
      }
    }
  }

  /// Writes what was seen of a channel, and says what it needs.
  private func take(
    _ observation: ChannelObservation, _ record: ChannelRecord, _ closes: ForcedCloses
  ) async {
    let id = record.channelID
    await attempt("a channel's state could not be written", id) {
      let merged = try await self.channels.merge(observation, id, readAt: self.channels.clock.now)
      if merged.closeRequestedAt != 0, merged.used > merged.settled { closes.insert(id) }
      if merged.phase == .closing { try await self.channels.releaseStaleClose(id) }
    }
  }
}
