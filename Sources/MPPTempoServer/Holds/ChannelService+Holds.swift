import EVM
import Logging
import MPPCore
import MPPServer
import MPPTempo

// Prices set aside, from the request that takes them to their end.
extension ChannelService {
  /// Runs a durable update that may take a hold. Whatever becomes of the update, the hold has an owner: the
  /// caller when it was taken, the keeper when nobody knows.
  func taking<Changed: Sendable>(
    _ request: HoldRequest?, of id: Hash32,
    _ update: nonisolated(nonsending) () async throws -> (Changed, HoldOutcome)
  ) async throws -> (Changed, HoldOutcome) {
    guard let request else { return try await update() }
    live.insert(request, of: id)
    do {
      let (changed, outcome) = try await update()
      if case .held = outcome { return (changed, outcome) }
      live.remove(request.id)
      return (changed, outcome)
    } catch let error as ChannelTransitionError {
      live.remove(request.id)
      throw error
    } catch {
      // It may have become durable: nobody will deliver for it.
      if let hold = live.hold(request.id) { live.owe(.release, hold) }
      throw error
    }
  }

  /// The owner's report. Queued, not waited for; if the ledger refuses it, the keeper tries again.
  func end(_ hold: LiveHold, _ end: LiveHold.End) async {
    do {
      let (stored, _) = try await table.updateStoredWithoutWaiting(
        ChannelRecord.key(hold.channelID), isAdmitted: true,
        onLoss: { [live] _ in live.owe(end, hold) },
        { stored in (try end.applied(to: stored, hold.id), ()) })
      ended(hold, end, stored)
    } catch {
      notEnded(hold, end, error)
    }
  }

  /// As ``end(_:_:)`` without suspending. `false`: nothing was done, because the record is not in memory.
  func endNow(_ hold: LiveHold, _ end: LiveHold.End) -> Bool {
    do {
      let done = try table.updateStoredInMemory(
        ChannelRecord.key(hold.channelID), isAdmitted: true,
        onLoss: { [live] _ in live.owe(end, hold) },
        { stored in (try end.applied(to: stored, hold.id), ()) })
      guard let (stored, _) = done else { return false }
      ended(hold, end, stored)
    } catch {
      notEnded(hold, end, error)
    }
    return true
  }

  private func ended(_ hold: LiveHold, _ end: LiveHold.End, _ stored: StoredRecord<ChannelRecord>) {
    live.finish(hold.id)
    if end == .commit { charged(stored) }
  }

  private func notEnded(_ hold: LiveHold, _ end: LiveHold.End, _ error: any Error) {
    guard error is ChannelTransitionError else { return live.owe(end, hold) }
    live.finish(hold.id)
    guard end == .commit else { return }
    // The channel is gone, or another process took the hold for dead.
    logger.error(
      "a delivered price could not be charged",
      metadata: ["mpp.channel": "\(hold.channelID.hex.prefix(10))", "mpp.code": "\(error)"])
  }

  /// Ends holds in their owners' place, durably: what is being sent is charged, what is not is given back and
  /// will not be sent.
  func decide(_ ids: [HoldID], of id: Hash32) async throws {
    let decided = live.decide(ids)
    guard !decided.isEmpty else { return }
    var ends: [HoldID: LiveHold.End] = [:]
    for hold in decided {
      if case .owed(let end) = hold.state { ends[hold.id] = end }
    }
    do {
      try await write(ends, to: id)
    } catch {
      live.owe(decided)
      throw error
    }
    live.written(ends.keys)
  }

  func release(_ ids: [HoldID], of id: Hash32) async throws {
    guard !ids.isEmpty else { return }
    try await write(Dictionary(uniqueKeysWithValues: ids.map { ($0, .release) }), to: id)
  }

  /// Moves the end of the lease of deliveries under way. A channel that is being closed is left as it is.
  func renew(_ ids: Set<HoldID>, of id: Hash32, until expires: Timestamp) async throws -> ChannelRecord {
    let key = ChannelRecord.key(id)
    table.refresh(key)
    let (record, _) = try await table.update(key) { stored in
      guard let stored else { throw ChannelTransitionError.notFound }
      guard stored.closing == nil, !stored.finalized else { return (stored, ()) }
      return (try stored.applying(.renew(ids, until: expires)), ())
    }
    return record
  }

  /// Writes ends. One that the record does not know any more was written before.
  private func write(_ ends: [HoldID: LiveHold.End], to id: Hash32) async throws {
    let (changed, _) = try await table.updateStored(ChannelRecord.key(id)) { stored in
      guard var record = stored?.record else { throw ChannelTransitionError.notFound }
      for hold in record.holds {
        if let end = ends[hold.id] { record = try record.applying(end.transition(hold.id)) }
      }
      return (StoredRecord(record), ())
    }
    charged(changed)
  }

  /// Writes the ends of one channel's holds that the ledger has not taken.
  /// - Returns: whether there was one.
  func writeOwed(in record: ChannelRecord) async throws -> Bool {
    var owed: [HoldID: LiveHold.End] = [:]
    for hold in record.holds where hold.id.epoch == holds.epoch {
      if case .owed(let end)? = live.hold(hold.id)?.state { owed[hold.id] = end }
    }
    guard !owed.isEmpty else { return false }
    try await write(owed, to: record.channelID)
    live.written(owed.keys)
    return true
  }

  /// Writes every end that the ledger has not taken.
  func writeOwed() async {
    var owed: [Hash32: [HoldID: LiveHold.End]] = [:]
    for hold in live.all {
      if case .owed(let end) = hold.state { owed[hold.channelID, default: [:]][hold.id] = end }
    }
    for (id, ends) in owed {
      do {
        try await write(ends, to: id)
        live.written(ends.keys)
      } catch is ChannelTransitionError {
        live.written(ends.keys)
      } catch {
        logger.warning(
          "the end of a delivery is not in the ledger yet",
          metadata: ["mpp.channel": "\(id.hex.prefix(10))", "mpp.code": "\(error)"])
      }
    }
  }
}

extension LiveHold.End {
  func applied(
    to stored: StoredRecord<ChannelRecord>?, _ id: HoldID
  ) throws(ChannelTransitionError) -> StoredRecord<ChannelRecord> {
    guard let stored else { throw .notFound }
    var next = stored.record
    try next.change(transition(id))
    return StoredRecord(next)
  }

  func transition(_ id: HoldID) -> ChannelTransition {
    switch self {
    case .commit: .commit(id)
    case .release: .release(id)
    }
  }
}
