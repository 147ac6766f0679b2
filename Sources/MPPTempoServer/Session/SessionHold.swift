import EVM
import Logging
import MPPCore
import MPPServer
import MPPTempo

/// A price set aside in a channel's record.
struct SessionHold: PaymentHold {
  let service: ChannelService
  let id: Hash32
  let hold: Hold

  func commit() async {
    do {
      let (stored, _) = try await service.table.updateStoredWithoutWaiting(ChannelRecord.key(id)) { stored in
        guard let stored else { throw ChannelTransitionError.notFound }
        return (try stored.record.applying(.commit(hold.id)), ())
      }
      service.charged(stored.record)
    } catch {
      // A close did not wait any longer, or the ledger is gone: delivered and not charged.
      service.logger.error(
        "a delivered price could not be charged",
        metadata: ["mpp.channel": "\(id.hex.prefix(10))", "mpp.code": "\(error)"])
    }
  }

  func release() async {
    do {
      _ = try await service.table.updateWithoutWaiting(ChannelRecord.key(id)) { stored in
        (try ChannelRecord.applying(.release(hold.id), to: stored), ())
      }
    } catch {
      // A close or the next process releases it. Until then it is headroom that nobody can use, and never
      // captured.
      service.logger.debug("a hold was not released", metadata: ["mpp.code": "\(error)"])
    }
  }
}
