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
    async let ended: Void = close(closes)
    await look(closes)
    closes.finish()
    await ended
  }

  private func close(_ closes: ForcedCloses) async {
    await withTaskGroup(of: Void.self) { group in
      var running = 0
      for await need in closes.found {
        if running >= Self.forcedConcurrency { await group.next() } else { running += 1 }
        group.addTask {
          await self.meet(need)
          closes.tried(need)
        }
      }
    }
  }

  private func meet(_ need: ForcedCloses.Need) async {
    switch need {
    case .close(let id):
      await attempt("a forced close could not be answered", id) { try await self.channels.closeForced(id) }
    case .explanation(let before, let block):
      await attempt("the end of a channel is not explained", before.channelID) {
        try await self.channels.explainEnd(before, block)
      }
    }
  }

  /// Reads every channel that owes something, in batches.
  private func look(_ closes: ForcedCloses) async throws {
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
      } catch let error as StoreError where error.code == .corrupt {
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
      guard observation.exists else {
        return closes.insert(.explanation(before: record, observation.block))
      }
      if merged.closeRequestedAt != 0, merged.used > merged.settled { closes.insert(.close(id)) }
      if merged.phase == .closing { try await self.channels.releaseStaleClose(id) }
    }
  }
}
