import EVM
import Logging
import MPPCore
import MPPServer
import MPPTempo
import TempoRPC

// Deliveries, from their beginning to their end. A hold is named by the number of its delivery, and by one of this process.
extension ChargeService: HoldOwner {
  var holdLease: Int64 { options.deliveryLease }
  var longestDelivery: Int64 { options.longestDelivery }
  /// The lease in the ledger alone decides whether another delivery may begin, in this process too.
  var isOnlyProcess: Bool { false }
  var sleeper: any Sleeper { options.sleeper }

  /// Takes the delivery that `record` has just begun.
  func hold(_ record: ChargeRecord, at now: Timestamp, until lease: Timestamp) -> ChargeHold {
    let id = HoldID(epoch: UInt64(record.deliveries), sequence: holds.next().sequence)
    let hold = LiveHold(id: id, channelID: record.transaction, takenAt: now, expires: lease)
    live.insert(hold)
    return ChargeHold(service: self, hold: hold)
  }

  /// The owner's report. Queued, not waited for; if the ledger refuses it, the keeper tries again.
  func end(_ hold: LiveHold, _ end: LiveHold.End) async {
    do {
      _ = try await records.updateWithoutWaiting(
        ChargeRecord.key(hold.channelID), isAdmitted: true,
        onLoss: { [live] _ in live.owe(end, hold) },
        { stored in (try end.applied(to: stored, hold.id), ()) })
      live.finish(hold.id)
    } catch is ChargeTransitionError {
      live.finish(hold.id)
    } catch {
      live.owe(end, hold)
    }
  }

  func writeOwed() async {
    for hold in live.all {
      guard case .owed(let end) = hold.state else { continue }
      do {
        try await write(end, hold)
      } catch {
        logger.warning(
          "the end of a delivery is not in the ledger yet",
          metadata: ["mpp.reference": "\(hold.channelID.hex.prefix(10))", "mpp.code": "\(error)"])
      }
    }
  }

  func decide(_ ids: [HoldID], of id: Hash32) async throws {
    let decided = live.decide(ids)
    do {
      for hold in decided {
        if case .owed(let end) = hold.state { try await write(end, hold) }
      }
    } catch {
      live.owe(decided)
      throw error
    }
  }

  func renew(_ ids: Set<HoldID>, of id: Hash32, at now: Timestamp) async throws {
    let until = now.adding(milliseconds: options.deliveryLease)
    let key = ChargeRecord.key(id)
    records.refresh(key)
    for hold in ids {
      do {
        _ = try await records.update(key) { stored in
          guard let stored else { throw ChargeTransitionError.notAllowed }
          return (try stored.applying(.renew(delivery: hold.delivery, leaseUntil: until)), ())
        }
        live.renewed(hold, until: until)
      } catch is ChargeTransitionError {
        // Somebody has taken it for dead, or it has ended.
        live.revoke(hold)
      }
    }
  }

  /// One that the record does not want was written before, or is for a delivery long gone.
  private func write(_ end: LiveHold.End, _ hold: LiveHold) async throws {
    do {
      _ = try await records.update(ChargeRecord.key(hold.channelID)) { stored in
        (try end.applied(to: stored, hold.id), ())
      }
    } catch is ChargeTransitionError {}
    live.written([hold.id])
  }
}

extension LiveHold.End {
  fileprivate func applied(
    to stored: ChargeRecord?, _ id: HoldID
  ) throws(ChargeTransitionError) -> ChargeRecord {
    guard let stored else { throw .notAllowed }
    switch self {
    case .commit: return try stored.applying(.delivered)
    case .release: return try stored.applying(.failed(delivery: id.delivery))
    }
  }
}

extension HoldID {
  fileprivate var delivery: UInt8 { UInt8(clamping: epoch) }
}
