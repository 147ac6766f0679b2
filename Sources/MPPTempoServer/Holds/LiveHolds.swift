import EVM
import MPPCore
import MPPTempo
import Synchronization

/// The holds of this process, from before they are taken until their end is in the ledger.
///
/// The place where a delivery that begins and a close that gives its price back meet: whoever comes first wins,
/// under one lock. Touched three times by a request, each time for one entry of a dictionary.
final class LiveHolds: Sendable {
  private final class Shard: Sendable {
    let entries = Mutex<[UInt64: LiveHold]>([:])
  }

  private static var shardCount: Int { 16 }

  private let shards = (0..<shardCount).map { _ in Shard() }
  /// One element whenever a hold was left to the keeper.
  let signals: AsyncStream<Void>
  private let continuation: AsyncStream<Void>.Continuation

  init() {
    (signals, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  // MARK: One hold

  /// Before the hold is written: nobody may find it in the ledger and not here.
  func insert(_ request: HoldRequest, of channelID: Hash32) {
    insert(
      LiveHold(id: request.id, channelID: channelID, takenAt: request.now, expires: request.expires))
  }

  func insert(_ hold: LiveHold) { shard(hold.id).entries.withLock { $0[hold.id.sequence] = hold } }

  /// There is no hold: it was refused.
  func remove(_ id: HoldID) {
    shard(id).entries.withLock { _ = $0.removeValue(forKey: id.sequence) }
  }

  /// The reported end is in the ledger's queue. It may have been lost again meanwhile, and then it stays.
  func finish(_ id: HoldID) {
    shard(id).entries.withLock { entries in
      guard let index = entries.index(forKey: id.sequence), entries.values[index].state == .reported
      else { return }
      entries.remove(at: index)
    }
  }

  /// The hold is no longer in the ledger, through nobody here: what has not begun must not begin.
  func revoke(_ id: HoldID) {
    _ = change(id) { hold in
      if hold.state == .waiting || hold.state == .sending { hold.state = .revoked }
    }
  }

  /// Whether the first byte of the content may be sent.
  ///
  /// - Parameter now: nil when nobody else can have released the hold; otherwise a hold whose lease has ended is
  ///   no longer ours.
  func begin(_ id: HoldID, now: Timestamp?) -> Bool {
    let (begins, isLeft) =
      change(id) { hold in
        // In the ledger it is still held, until somebody looks: the keeper gives it back.
        let isLeft = hold.state == .waiting && now.map { hold.expires <= $0 } ?? false
        if isLeft { hold.state = .owed(.release) }
        return (hold.begin(), isLeft)
      } ?? (false, false)
    if isLeft { continuation.yield() }
    return begins
  }

  /// What its owner has to do for the end of a hold; one that needs nothing is forgotten.
  func report(_ id: HoldID) -> LiveHold.Report {
    shard(id).entries.withLock { entries in
      guard let index = entries.index(forKey: id.sequence) else { return .done }
      let report = entries.values[index].report()
      if entries.values[index].isDecided { entries.remove(at: index) }
      return report
    }
  }

  /// Its owner is gone without a report: the keeper releases it.
  func abandon(_ id: HoldID) {
    let isLeft = shard(id).entries.withLock { entries in
      let isLeft = entries[id.sequence]?.abandon() ?? false
      if entries[id.sequence]?.isDecided == true { entries[id.sequence] = nil }
      return isLeft
    }
    if isLeft { continuation.yield() }
  }

  /// The ledger has not taken the end, or may not have: the keeper tries again.
  func owe(_ end: LiveHold.End, _ hold: LiveHold) {
    var hold = hold
    hold.state = .owed(end)
    shard(hold.id).entries.withLock { $0[hold.id.sequence] = hold }
    continuation.yield()
  }

  func hold(_ id: HoldID) -> LiveHold? { shard(id).entries.withLock { $0[id.sequence] } }

  /// The lease in the ledger ends later now.
  func renewed(_ id: HoldID, until expires: Timestamp) {
    _ = change(id) { $0.expires = max($0.expires, expires) }
  }

  // MARK: Many holds

  /// Ends holds in their owners' place; see ``LiveHold/decide()``. Those nobody here knows are left out.
  /// - Returns: the ended holds, each with its end as `.owed`.
  func decide(_ ids: [HoldID]) -> [LiveHold] {
    ids.compactMap { id in
      change(id) { hold -> LiveHold? in
        guard let end = hold.decide() else { return nil }
        var decided = hold
        decided.state = .owed(end)
        return decided
      } ?? nil
    }
  }

  /// The ledger did not take what was decided: the keeper has to. Their owners may have reported and gone by now, because
  /// for them it was decided.
  func owe(_ decided: [LiveHold]) {
    for hold in decided { shard(hold.id).entries.withLock { $0[hold.id.sequence] = hold } }
    continuation.yield()
  }

  /// These ends are in the ledger: those that were owed are forgotten.
  func written(_ ids: some Sequence<HoldID>) {
    for id in ids {
      shard(id).entries.withLock { entries in
        if case .owed? = entries[id.sequence]?.state { entries.removeValue(forKey: id.sequence) }
      }
    }
  }

  /// The channel is gone, and all holds with it: what has not begun must not begin.
  func revokeAll(of channelID: Hash32) {
    for shard in shards {
      shard.entries.withLock { entries in
        for (key, hold) in entries where hold.channelID == channelID {
          if hold.state == .waiting || hold.state == .sending { entries[key]?.state = .revoked }
        }
      }
    }
  }

  /// All of them, in no order.
  var all: [LiveHold] { shards.flatMap { shard in shard.entries.withLock { Array($0.values) } } }

  var count: Int { shards.reduce(0) { sum, shard in sum + shard.entries.withLock { $0.count } } }

  func close() { continuation.finish() }

  private func change<T>(_ id: HoldID, _ body: (inout LiveHold) -> T) -> T? {
    shard(id).entries.withLock { entries in
      guard let index = entries.index(forKey: id.sequence) else { return nil }
      return body(&entries.values[index])
    }
  }

  private func shard(_ id: HoldID) -> Shard {
    shards[Int(truncatingIfNeeded: id.sequence) & (Self.shardCount - 1)]
  }
}
