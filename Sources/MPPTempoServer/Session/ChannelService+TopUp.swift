import EVM
import MPPCore
import MPPServer
import MPPTempo
import Tempo
import TempoRPC

extension ChannelService {
  /// `04` §18.2. The same credential again is the same transaction: it is looked up, never sent twice.
  func topUp(
    _ payload: SessionPayload.TopUp, _ transaction: ManagementTransaction,
    _ standing: TempoSessionValidator.Standing, _ call: SessionCall
  ) async throws -> Verification {
    let id = payload.channelID
    try await checkServes(id, call.now)
    return try await exclusively(id) {
      try await sendings.run(transaction.sender) {
        // A close may have begun meanwhile.
        if standing.isNew { try await load(id)?.checkServes() }
        let context = IntentContext.topUp(additionalDeposit: payload.additionalDeposit)
        let result = try await send(
          transaction, standing, .topUp, .init(.topUp, id, transaction.identity),
          context: try context.encoded())
        return try await toppedUp(payload, result, call)
      }
    }
  }

  /// A channel that is being closed has work of ours in its lane: nothing is put in front of that for a top-up that
  /// comes too late. A close request may have been taken back since it was seen.
  private func checkServes(_ id: Hash32, _ now: Timestamp) async throws {
    guard let stored = try await table.loadStored(ChannelRecord.key(id)) else {
      throw SessionProblem.channelNotFound
    }
    guard stored.record.phase == .forced else { return try stored.record.checkServes() }
    let current = try await reader.current(stored, now)
    if let unwritten = current.unwritten { try await merge(unwritten, id) }
    try current.record.checkServes()
  }

  /// B1 to B3.
  private func toppedUp(
    _ payload: SessionPayload.TopUp, _ result: BroadcastResult, _ call: SessionCall
  ) async throws -> Verification {
    let id = payload.channelID
    guard result.error == nil else { throw SessionProblem.transaction(result.outcome, "topUp") }
    guard case .included(let receipt) = result.outcome else {
      throw SessionProblem.transaction(.pending, "topUp")
    }
    let event = try ReserveEvents(receipt, channelID: id, escrow: call.terms.escrow).toppedUp()
    let block = try await reader.newest(after: receipt)
    let state = try await readBack(block) { [client] () async throws(ChainError) in
      try await client.channelState(id, escrow: call.terms.escrow, at: .number(block))
    }
    // It may have been included long ago: more was paid in since then, or the channel is gone.
    let isPlausible =
      block == receipt.blockNumber
      ? state.deposit == event.deposit.units : state.deposit >= event.deposit.units || !state.exists
    guard isPlausible, event.additional == payload.additionalDeposit else {
      throw SessionProblem.failed("on-chain channel state does not match topUp receipt")
    }
    guard let known = try await load(id) else { throw SessionProblem.channelNotFound }
    let observation = try await reader.believed(
      ChannelObservation(state, block: block), id, call.terms.escrow,
      deposit: max(known.deposit, event.deposit), settled: known.settled)
    guard state.closeRequestedAt == 0 else { throw SessionProblem.closing }
    let record: ChannelRecord
    do {
      record = try await apply(.mergeChainState(observation), to: id)
    } catch let error as ChannelTransitionError {
      throw SessionProblem.refusal(error)
    }
    reader.freshness.noteRead(id, call.now)
    if record.finalized { live.revokeAll(of: id) }
    try await broadcaster.confirm(result)
    return call.management(record, source: record.payerSource, transactionHash: result.intent.hash)
  }
}
