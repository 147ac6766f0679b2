import EVM
import Logging
import MPPCore
import MPPServer
import MPPTempo
import Tempo
import TempoRPC

// What a restart, a sweep or a lost answer left behind. For `finish…` the caller holds the lane.
extension ChannelService {
  /// Finishes an open whose answer was never sent. It only looks: bytes of a client are not sent behind its
  /// back.
  func finishOpen(_ intent: ChainIntent, deadline: Int64?) async throws {
    let id = intent.identity.subject
    guard
      case .open(let descriptor, let deposit, let voucher, let stored) =
        try IntentContext(decoding: intent.context)
    else { throw StoreError(.corrupt, "a stored open cannot be read") }
    let escrow = stored ?? options.escrow
    let result = try await clientBroadcaster.resume(
      intent, maySend: false, probe: openProbe(id, escrow), deadlineMilliseconds: deadline)
    await ended(result, descriptor.expiringNonceHash)
    guard !result.isUndecided, result.error == nil else { return }
    if try await load(id) == nil {
      let observation: ChannelObservation
      do {
        observation = try await checkOpened(id, descriptor, deposit, escrow, result)
      } catch let problem as PaymentProblem where problem.status < 500 {
        // The receipt is not what was signed. When the state says so as well, there is nothing to wait for.
        let block = try await reader.head()
        observation = try await reader.believed(
          ChannelObservation(try await reader.stateAt(block, id, escrow), block: block), id, escrow,
          deposit: deposit, settled: .zero)
        guard observation.exists else {
          logger.error(
            "an open's receipt contradicts the chain", metadata: ["mpp.channel": "\(id.hex.prefix(10))"])
          try await clientBroadcaster.abandon(result)
          return
        }
      }
      // A channel that was closed again meanwhile leaves nothing to keep.
      guard observation.deposit > .zero, observation.closeRequestedAt == 0 else {
        try await broadcaster.confirm(result)
        return
      }
      let record = try await apply(
        .open(
          ChannelOpening(
            channelID: id, chainID: options.chainID, escrow: escrow, descriptor: descriptor,
            observation: observation, voucher: voucher, now: clock.now)), to: id)
      await noteOpened(record)
    }
    try await broadcaster.confirm(result)
  }

  /// Finishes a top-up whose answer was never sent. It only looks, like `finishOpen`.
  func finishTopUp(_ intent: ChainIntent, deadline: Int64?) async throws {
    let result = try await clientBroadcaster.resume(
      intent, maySend: false, deadlineMilliseconds: deadline)
    await ended(result, intent.identity.discriminator)
    guard !result.isUndecided, result.error == nil else { return }
    if let record = try await load(intent.identity.subject), !record.finalized {
      _ = try await read(record, clock.now)
    }
    try await broadcaster.confirm(result)
  }

  /// Closes a channel whose payer has asked the chain to (W32): with what was delivered, nothing more.
  func closeForced(_ id: Hash32) async throws {
    try await exclusively(id, isOwn: true) {
      if let pending = try await pendingClose(id) {
        do {
          _ = try await finishClose(pending)
          return
        } catch {
          // One that came to nothing makes room for the next at once: the payer's grace period runs.
          guard try await pendingClose(id) == nil else { throw error }
        }
      }
      guard let record = try await load(id), record.phase == .forced, record.used > record.settled
      else { return }
      try record.descriptor.checkSender(options.signer.address, id, verb: "close")
      _ = try await performClose(id, voucher: nil, trigger: .forcedClose)
    }
  }

  /// A channel that owes something; nil when there is none, or when the first one cannot be read.
  func anyOwing() async throws -> ChannelRecord? {
    guard let entry = try await table.scan(slot: ChannelRecord.owedSlot, limit: 1).first else { return nil }
    return try? await table.load(entry.key)
  }

  /// A channel was found gone: whoever ended it may have captured more than we knew of.
  func explainEnd(_ end: UnexplainedEnds.End) async throws {
    let (before, id) = (end.before, end.before.channelID)
    try await exclusively(id, isOwn: true) {
      guard try await pendingClose(id) == nil else {
        // It may come to nothing, and then somebody else's close was the end.
        throw PaymentProblem.unavailable(reason: "a close of this channel is under way", retryAfter: 1)
      }
      guard let record = try await load(id), record.accepted > record.settled,
        let captured = try await closedAmount(before, upTo: end.block)
      else { return }
      try await apply(.closed(captured: captured, voucher: nil, block: end.block), to: id)
    }
  }
}
