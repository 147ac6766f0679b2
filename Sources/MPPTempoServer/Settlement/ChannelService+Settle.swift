import EVM
import Logging
import MPPCore
import MPPServer
import MPPTempo
import Tempo
import TempoRPC

extension ChannelService {
  /// Settles what has been delivered (`04` §21, DESIGN §4): the largest voucher not above `spent`. Safe to
  /// repeat, and to run at once: one settlement of a channel is under way at a time, and one that waits in
  /// the journal is finished before another is signed.
  /// - Parameter isDue: asked when it is this settlement's turn: others may have been waiting for the same charges.
  /// - Returns: what was captured, or nil when there is nothing to settle.
  func settle(
    _ id: Hash32, trigger: SettlementEvent.Trigger,
    where isDue: @Sendable (ChannelRecord) -> Bool = { _ in true }
  ) async throws -> SettlementEvent? {
    guard try await load(id) != nil else { throw SessionProblem.channelNotFound }
    return try await exclusively(id, isOwn: true) {
      if let pending = try await pendingSettlement(id) {
        return try await finishSettlement(pending, trigger: trigger)
      }
      guard let record = try await load(id), record.phase == .open || record.phase == .forced,
        isDue(record), let voucher = record.settleableVoucher
      else { return nil }
      try record.descriptor.checkSender(options.signer.address, id, verb: "settle")
      let mark = SettlementMark(at: clock.now, spent: record.spent, units: record.units)
      let intent = try await settlementIntent(record, voucher, mark)
      let result = try await broadcaster.submit(
        intent, probe: settledProbe(record, voucher.cumulativeAmount))
      return try await settled(result, trigger: trigger)
    }
  }

  private func settlementIntent(
    _ record: ChannelRecord, _ voucher: SignedVoucher, _ mark: SettlementMark
  ) async throws -> ChainIntent {
    let calldata = try ChannelReserveABI.settleCalldata(
      record.descriptor, cumulativeAmount: voucher.cumulativeAmount.units, signature: voucher.signature)
    do {
      return try await planner.intent(
        .init(.settle, record.channelID), calls: [Call(to: record.escrow, data: calldata)],
        feeToken: options.feeToken ?? record.descriptor.token, signer: options.signer,
        context: try IntentContext.settle(amount: voucher.cumulativeAmount, mark: mark).encoded())
    } catch let error as ChainError {
      throw error.problem("the settle transaction")
    }
  }

  private func settledProbe(_ record: ChannelRecord, _ amount: Amount) -> Broadcaster.EffectProbe {
    { [client] block throws(ChainError) in
      try await client.channelState(record.channelID, escrow: record.escrow, at: block).settled
        >= amount.units
    }
  }

  func pendingSettlement(_ id: Hash32) async throws -> ChainIntent? {
    guard let intent = try await intents.load(.init(.settle, id)), !intent.state.isFinal else { return nil }
    return intent
  }

  /// Continues a settlement from the journal. The caller holds the lane.
  func finishSettlement(
    _ intent: ChainIntent, trigger: SettlementEvent.Trigger, deadline: Int64? = nil
  ) async throws -> SettlementEvent? {
    guard let record = try await load(intent.identity.subject) else { throw SessionProblem.channelNotFound }
    guard case .settle(let amount, _) = try IntentContext(decoding: intent.context) else {
      throw StoreError(.corrupt, "a stored settlement cannot be read")
    }
    let result = try await broadcaster.resume(
      intent, probe: settledProbe(record, amount), deadlineMilliseconds: deadline)
    return try await settled(result, trigger: trigger)
  }

  /// Steps 4 to 7 of `04` §21.1. The channel's state decides; a receipt only says it earlier. One that contradicts
  /// the state, asked for twice, ends the action: another may be signed when the channel is due again.
  private func settled(
    _ result: BroadcastResult, trigger: SettlementEvent.Trigger
  ) async throws -> SettlementEvent? {
    let id = result.intent.identity.subject
    guard let before = try await load(id) else { throw SessionProblem.channelNotFound }
    guard result.error == nil else { throw SessionProblem.transaction(result.outcome, "settle") }
    guard case .settle(let amount, let mark) = try IntentContext(decoding: result.intent.context) else {
      throw StoreError(.corrupt, "a stored settlement cannot be read")
    }
    guard let total = try await takeOver(result, before, amount, mark) else {
      logger.error(
        "a settlement's receipt contradicts the channel's state",
        metadata: ["mpp.channel": "\(id.hex.prefix(10))", "mpp.transaction": "\(result.intent.hash.hex)"])
      if !before.finalized {
        // The schedule counts from here: a node that lies must not make us settle without end.
        try await apply(.settled(total: before.settled, mark: mark, block: before.observedBlock), to: id)
      }
      try await broadcaster.abandon(result)
      throw SessionProblem.failed("settle receipt does not match the channel's state")
    }
    settlementBackoff.succeeded(id)
    await confirmed(result)
    let event = SettlementEvent(
      channelID: id, transactionHash: result.intent.hash, trigger: trigger, amount: total,
      delta: captured(result, before, mark, total))
    notify(event)
    return event
  }

  /// What a settlement captured. Who watches the channel may have seen it first, so the receipt counts; once it is in the books, it was
  /// reported.
  private func captured(
    _ result: BroadcastResult, _ before: ChannelRecord, _ mark: SettlementMark, _ total: Amount
  ) -> Amount {
    if before.lastSettlement != mark, case .included(let receipt) = result.outcome,
      let event = try? ReserveEvents(receipt, channelID: before.channelID, escrow: before.escrow).settled(),
      event.paid <= total
    {
      return event.paid
    }
    return Amount(units: total.units - min(before.settled.units, total.units))
  }

  /// Writes what a settlement did; nil when the chain's state does not contain it.
  private func takeOver(
    _ result: BroadcastResult, _ record: ChannelRecord, _ amount: Amount, _ mark: SettlementMark
  ) async throws -> Amount? {
    var block: UInt64
    var event: Amount?
    if case .included(let receipt) = result.outcome {
      block = try await reader.newest(after: receipt)
      event = try? ReserveEvents(receipt, channelID: record.channelID, escrow: record.escrow).settled().total
    } else {
      block = try await reader.head()
    }
    var state = try await reader.stateAt(block, record.channelID, record.escrow)
    if state.exists, state.settled < amount.units {
      try await options.sleeper.sleep(milliseconds: options.limits.readBackPause)
      block = max(block, try await reader.head())
      state = try await reader.stateAt(block, record.channelID, record.escrow)
    }
    guard !record.finalized else { return max(record.settled, event ?? .zero) }
    var observation: ChannelObservation?
    if state.exists {
      // The deposit may have been raised without us, and more settled than this.
      observation = try await reader.believed(
        ChannelObservation(state, block: block), record.channelID, record.escrow, deposit: record.deposit,
        settled: max(record.settled, amount))
    }
    // Closed since then: the receipt is all there is.
    let total = observation?.settled ?? min(event ?? .zero, record.deposit)
    guard total >= amount else { return nil }
    do {
      if let observation { try await apply(.mergeChainState(observation), to: record.channelID) }
      try await apply(.settled(total: total, mark: mark, block: block), to: record.channelID)
      return total
    } catch is ChannelTransitionError {
      return nil
    }
  }
}
