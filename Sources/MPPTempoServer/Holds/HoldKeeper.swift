import EVM
import Logging
import MPPCore
import MPPTempo
import TempoRPC

/// Looks after the holds of this process: gives those of long deliveries a longer lease where others
/// could take them for dead, ends those whose owner is gone, and writes ends that the ledger did not take.
struct HoldKeeper<Owner: HoldOwner>: Sendable {
  private let owner: Owner

  init(_ owner: Owner) { self.owner = owner }

  /// Until the task is cancelled or the holds are finished.
  func run() async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.writeOwed() }
      group.addTask { await self.lookRegularly() }
      await group.waitForAll()
    }
  }

  private func writeOwed() async {
    for await _ in owner.live.signals {
      if Task.isCancelled { return }
      await owner.writeOwed()
    }
  }

  private func lookRegularly() async {
    let pause = max(owner.holdLease / 3, 1)
    while !Task.isCancelled {
      do { try await owner.sleeper.sleep(milliseconds: pause) } catch { return }
      await look()
    }
  }

  /// One look at everything.
  func look() async {
    await owner.writeOwed()
    let now = owner.clock.now
    let leaked = now.adding(milliseconds: -owner.longestDelivery)
    let dying = now.adding(milliseconds: owner.holdLease / 3 * 2)
    var overdue: [Hash32: [HoldID]] = [:]
    var renewed: [Hash32: Set<HoldID>] = [:]
    for hold in owner.live.all where hold.state == .waiting || hold.state == .sending {
      if hold.takenAt <= leaked {
        overdue[hold.channelID, default: []].append(hold.id)
      } else if !owner.isOnlyProcess, hold.expires <= dying {
        renewed[hold.channelID, default: []].insert(hold.id)
      }
    }
    for (id, holds) in overdue { await step(id) { try await owner.decide(holds, of: id) } }
    for (id, holds) in renewed { await step(id) { try await owner.renew(holds, of: id, at: now) } }
  }

  private func step(_ id: Hash32, _ body: () async throws -> Void) async {
    do { try await body() } catch {
      // What the end of the server cuts off is no failure.
      owner.logger.log(
        level: Task.isCancelled ? .debug : .warning,
        "deliveries under way could not be looked after",
        metadata: ["mpp.reference": "\(id.hex.prefix(10))", "mpp.code": "\(error)"])
    }
  }
}

extension ChannelService: HoldOwner {
  var holdLease: Int64 { options.holdLease }
  var longestDelivery: Int64 { options.longestDelivery }
  var sleeper: any Sleeper { options.sleeper }

  /// Other processes see that the deliveries are alive. When one of them closes the channel, it waits for us:
  /// what is being sent is charged then, and what is not keeps the lease it has.
  func renew(_ ids: Set<HoldID>, of id: Hash32, at now: Timestamp) async throws {
    let until = now.adding(milliseconds: options.holdLease)
    let record = try await renew(ids, of: id, until: until)
    let present = Set(record.holds.map(\.id))
    guard record.closing == nil else {
      let ended = ids.filter { hold in
        guard let known = live.hold(hold) else { return false }
        return known.state == .sending || known.expires <= now
      }
      try await decide(Array(ended), of: id)
      return
    }
    for hold in ids {
      if present.contains(hold) {
        live.renewed(hold, until: until)
      } else {
        // Another process took it for dead, or the channel is gone.
        live.revoke(hold)
      }
    }
  }
}
