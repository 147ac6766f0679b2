import EVM
import Logging
import MPPCore
public import MPPServer
public import MPPTempo

/// A payment on the chain cannot be given back: what is held is the right to its delivery. Delivered, the payment is used
/// up; failed, the same credential may redeem it once more (`06` §1.16).
struct ChargeHold: PaymentHold {
  let service: ChargeService
  let transaction: Hash32

  func commit() async { await end(.delivered) }

  func release() async { await end(.failed) }

  private func end(_ transition: ChargeTransition) async {
    do {
      _ = try await service.records.updateWithoutWaiting(
        ChargeRecord.key(transaction), isAdmitted: true
      ) { stored in
        guard let stored else { throw ChargeTransitionError.notAllowed }
        return (try stored.applying(transition), ())
      }
    } catch {
      // The lease of the delivery ends it; at most it can be redeemed once more.
      service.logger.warning(
        "the end of a delivery was not recorded",
        metadata: ["mpp.reference": "\(transaction.hex.prefix(10))", "mpp.code": "\(error)"])
    }
  }
}

extension ChargeRecord: LedgerRecord {
  /// On-chain charges: ``RecordKind/charge``.
  public static var kind: UInt8 { RecordKind.charge }

  static func key(_ transaction: Hash32) -> RecordKey { RecordKey(kind: kind, id: transaction.bytes) }
}
