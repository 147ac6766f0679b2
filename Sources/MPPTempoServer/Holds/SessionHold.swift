import EVM
import Logging
import MPPCore
import MPPServer
import MPPTempo
import Synchronization

/// A price set aside in a channel's record, in the hands of the request that is served for it.
final class SessionHold: PaymentHold {
  private let service: ChannelService
  private let hold: LiveHold
  private let isReported = Atomic<Bool>(false)

  init(service: ChannelService, hold: LiveHold) {
    self.service = service
    self.hold = hold
  }

  deinit {
    if !isReported.load(ordering: .relaxed) { service.live.abandon(hold.id) }
  }

  func begin() -> PaymentProblem? {
    // Only where others may release our holds does the end of the lease count.
    guard service.live.begin(hold.id, now: service.isOnlyProcess ? nil : service.clock.now) else {
      // Nobody will report any more.
      isReported.store(true, ordering: .relaxed)
      _ = service.live.report(hold.id)
      return SessionProblem.priceNotHeld
    }
    return nil
  }

  func commit() async { await end(.commit) }

  func release() async { await end(.release) }

  func commitNow() -> Bool { endNow(.commit) }

  func releaseNow() -> Bool { endNow(.release) }

  private func end(_ end: LiveHold.End) async {
    guard mustWrite(end) else { return }
    await service.end(hold, end)
  }

  /// A record that is not in memory has to be read first, and nobody waits for that.
  private func endNow(_ end: LiveHold.End) -> Bool {
    guard mustWrite(end), !service.endNow(hold, end) else { return true }
    Task { [service, hold] in await service.end(hold, end) }
    return true
  }

  private func mustWrite(_ end: LiveHold.End) -> Bool {
    isReported.store(true, ordering: .relaxed)
    switch service.live.report(hold.id) {
    case .write: return true
    case .done: return false
    case .revoked:
      if end == .commit {
        service.logger.error(
          "a delivered price could not be charged: it was given back before the delivery began",
          metadata: ["mpp.channel": "\(hold.channelID.hex.prefix(10))"])
      }
      return false
    }
  }
}
