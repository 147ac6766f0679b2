import EVM
import MPPCore
import MPPServer
import MPPTempo
import Tempo
import TempoRPC

extension ChannelService {
  /// Settles what has been delivered (`04` §21, DESIGN §4): the largest voucher not above `spent`. Safe to
  /// repeat, and to run at once: one settlement of a channel is under way at a time, and one that waits in
  /// the journal is finished before another is signed.
  /// - Returns: what was captured, or nil when there is nothing to settle.
  func settle(_ id: Hash32, trigger: SettlementEvent.Trigger) async throws -> SettlementEvent? {
    guard try await load(id) != nil else { throw SessionProblem.channelNotFound }
    return try await exclusively(id) {
      if let pending = try await pendingSettlement(id) {
        return try await finishSettlement(pending, trigger: trigger)
      }
      guard let record = try await load(id), record.phase == .open || record.phase == .forced,
        let voucher = record.settleableVoucher
      else { return nil }
      try checkSender(record.descriptor, id, verb: "settle")
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
      throw SessionProblem.chain(error, "the settle transaction")
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

  /// Steps 4 to 7 of `04` §21.1.
  private func settled(
    _ result: BroadcastResult, trigger: SettlementEvent.Trigger
  ) async throws -> SettlementEvent? {
    let id = result.intent.identity.subject
    guard let before = try await load(id) else { throw SessionProblem.channelNotFound }
    guard result.error == nil else { throw SessionProblem.transaction(result.outcome, "settle") }
    guard case .settle(let amount, let mark) = try IntentContext(decoding: result.intent.context) else {
      throw StoreError(.corrupt, "a stored settlement cannot be read")
    }
    let (total, block) = try await settledTotal(result, before, amount)
    if !before.finalized {
      try await apply(.settled(total: total, mark: mark, block: block), to: id)
    }
    try await broadcaster.confirm(result)
    let event = SettlementEvent(
      channelID: id, transactionHash: result.intent.hash, trigger: trigger, amount: total,
      delta: Amount(units: total.units - min(before.settled.units, total.units)))
    await notify(event)
    return event
  }

  private func settledTotal(
    _ result: BroadcastResult, _ record: ChannelRecord, _ amount: Amount
  ) async throws(PaymentProblem) -> (Amount, UInt64) {
    let block: UInt64
    var event: Amount?
    switch result.outcome {
    case .included(let receipt):
      block = receipt.blockNumber
      let total = try ReserveEvents(receipt, channelID: record.channelID, escrow: record.escrow).settled()
      guard total >= amount else { throw SessionProblem.failed("Settled event is below voucher amount") }
      event = total
    case .effective(let number): block = number
    case .reverted, .rejected, .expired, .unavailable, .pending:
      throw SessionProblem.transaction(result.outcome, "settle")
    }
    let state = try await readBack(block) { [client] () async throws(ChainError) in
      try await client.channelState(record.channelID, escrow: record.escrow, at: .number(block))
    }
    if let event, state.settled != event.units, state.exists {
      throw SessionProblem.failed("on-chain channel state does not match settle receipt")
    }
    return (event ?? Amount(units: state.settled), block)
  }
}
