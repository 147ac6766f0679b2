import EVM
import Logging
import MPPCore
import MPPServer
import MPPTempo
import TempoRPC

/// Looks after the holds of this process: gives those of long deliveries a longer lease where other processes
/// could take them for dead, ends those whose owner is gone, and writes ends that the ledger did not take.
struct HoldKeeper: Sendable {
  private let channels: ChannelService

  init(_ channels: ChannelService) { self.channels = channels }

  /// Until the task is cancelled or the holds are finished.
  func run() async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.writeOwed() }
      group.addTask { await self.lookRegularly() }
      await group.waitForAll()
    }
  }

  private func writeOwed() async {
    for await _ in channels.live.signals {
      if Task.isCancelled { return }
      await channels.writeOwed()
    }
  }

  private func lookRegularly() async {
    let pause = max(channels.options.holdLease / 3, 1)
    while !Task.isCancelled {
      do { try await channels.options.sleeper.sleep(milliseconds: pause) } catch { return }
      await look()
    }
  }

  /// One look at everything.
  func look() async {
    await channels.writeOwed()
    let now = channels.clock.now
    let leaked = now.adding(milliseconds: -channels.options.longestDelivery)
    let dying = now.adding(milliseconds: channels.options.holdLease / 3 * 2)
    var overdue: [Hash32: [HoldID]] = [:]
    var renewed: [Hash32: Set<HoldID>] = [:]
    for hold in channels.live.all where hold.state == .waiting || hold.state == .sending {
      if hold.takenAt <= leaked {
        overdue[hold.channelID, default: []].append(hold.id)
      } else if !channels.isOnlyProcess, hold.expires <= dying {
        renewed[hold.channelID, default: []].insert(hold.id)
      }
    }
    for (id, holds) in overdue { await step(id) { try await channels.decide(holds, of: id) } }
    for (id, holds) in renewed { await step(id) { try await renew(holds, of: id, now) } }
  }

  /// Other processes see that the deliveries are alive. When one of them closes the channel, it waits for us:
  /// what is being sent is charged then, and what is not keeps the lease it has.
  private func renew(_ ids: Set<HoldID>, of id: Hash32, _ now: Timestamp) async throws {
    let until = now.adding(milliseconds: channels.options.holdLease)
    let record = try await channels.renew(ids, of: id, until: until)
    let present = Set(record.holds.map(\.id))
    guard record.closing == nil else {
      let ended = ids.filter { hold in
        guard let known = channels.live.hold(hold) else { return false }
        return known.state == .sending || known.expires <= now
      }
      try await channels.decide(Array(ended), of: id)
      return
    }
    for hold in ids {
      if present.contains(hold) {
        channels.live.renewed(hold, until: until)
      } else {
        // Another process took it for dead, or the channel is gone.
        channels.live.revoke(hold)
      }
    }
  }

  private func step(_ id: Hash32, _ body: () async throws -> Void) async {
    do { try await body() } catch {
      channels.logger.warning(
        "the holds of a channel could not be looked after",
        metadata: ["mpp.channel": "\(id.hex.prefix(10))", "mpp.code": "\(error)"])
    }
  }
}
