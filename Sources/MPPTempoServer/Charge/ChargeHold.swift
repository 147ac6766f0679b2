import EVM
import Logging
import MPPCore
public import MPPServer
public import MPPTempo
import Synchronization

/// A payment on the chain cannot be given back: what is held is the right to its delivery. Delivered, the payment is used
/// up; failed, the same credential may redeem it once more (`06` §1.16).
final class ChargeHold: PaymentHold {
  private let service: ChargeService
  private let hold: LiveHold
  private let isReported = Atomic<Bool>(false)

  init(service: ChargeService, hold: LiveHold) {
    self.service = service
    self.hold = hold
  }

  deinit {
    if !isReported.load(ordering: .relaxed) { service.live.abandon(hold.id) }
  }

  /// Refused when the lease has ended: another delivery may have begun.
  func begin() -> PaymentProblem? {
    guard service.live.begin(hold.id, now: service.clock.now) else {
      isReported.store(true, ordering: .relaxed)
      _ = service.live.report(hold.id)
      return ChargeProblem.inProgress
    }
    return nil
  }

  func commit() async { await end(.commit) }

  func release() async { await end(.release) }

  private func end(_ end: LiveHold.End) async {
    isReported.store(true, ordering: .relaxed)
    switch service.live.report(hold.id) {
    case .write: await service.end(hold, end)
    case .done: break
    case .revoked:
      guard end == .commit else { return }
      service.logger.error(
        "a payment was delivered whose delivery had been taken for dead: it may be delivered twice",
        metadata: ["mpp.reference": "\(hold.channelID.hex.prefix(10))"])
    }
  }
}

extension ChargeRecord: LedgerRecord {
  /// On-chain charges: ``RecordKind/charge``.
  public static var kind: UInt8 { RecordKind.charge }

  static func key(_ transaction: Hash32) -> RecordKey { RecordKey(kind: kind, id: transaction.bytes) }
}
