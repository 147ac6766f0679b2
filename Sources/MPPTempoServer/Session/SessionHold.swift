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
      let (record, _) = try await service.table.updateWithoutWaiting(ChannelRecord.key(id)) { stored in
        (try ChannelRecord.applying(.commit(hold.id), to: stored), ())
      }
      service.charged(record)
    } catch {
      // The lease has ended before the handler did, or the ledger is gone: delivered and not charged.
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
      // The lease releases it.
      service.logger.debug("a hold was not released", metadata: ["mpp.code": "\(error)"])
    }
  }
}
