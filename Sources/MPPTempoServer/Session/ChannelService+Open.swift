import EVM
import Logging
import MPPCore
import MPPServer
import MPPTempo
import Tempo
import TempoRPC

extension ChannelService {
  /// `04` §18.1. The same credential again, whatever happened in between, finds the finished open or finishes
  /// it (W34).
  func open(
    _ open: VerifiedOpen, _ standing: TempoSessionValidator.Standing, _ call: SessionCall
  ) async throws -> Verification {
    try await exclusively(open.channelID) {
      if let stored = try await table.loadStored(ChannelRecord.key(open.channelID)) {
        return try await reopened(stored, open, call)
      }
      return try await sendings.run(open.transaction.sender) {
        let context = IntentContext.open(
          descriptor: open.descriptor, deposit: open.deposit, voucher: open.voucher,
          escrow: call.terms.escrow)
        let result = try await send(
          open.transaction, standing, .open, .init(.open, open.channelID), context: try context.encoded(),
          probe: openProbe(open.channelID, call.terms.escrow))
        return try await opened(open, result, call)
      }
    }
  }

  func openProbe(_ id: Hash32, _ escrow: Address) -> Broadcaster.EffectProbe {
    { [client] block throws(ChainError) in
      try await client.channelState(id, escrow: escrow, at: block).exists
    }
  }

  /// B2 to B8.
  private func opened(
    _ open: VerifiedOpen, _ result: BroadcastResult, _ call: SessionCall
  ) async throws -> Verification {
    guard result.error == nil else { throw SessionProblem.transaction(result.outcome, "open") }
    let observation = try await checkOpened(
      open.channelID, open.descriptor, open.deposit, call.terms.escrow, result)
    try Self.checkFunds(observation, price: call.terms.amount)
    let opening = ChannelOpening(
      channelID: open.channelID, chainID: call.terms.chainID, escrow: call.terms.escrow,
      descriptor: open.descriptor, observation: observation, voucher: open.voucher, now: call.now)
    let request = call.purpose == .content ? holdRequest(call) : nil
    let (record, outcome) = try await persist(opening, request)
    reader.freshness.noteRead(open.channelID, call.now)
    await confirmed(result)
    await noteOpened(record)
    return try answer(StoredRecord(record), outcome, record.payerSource, call, result.intent.hash)
  }

  /// Record and price in one transition.
  private func persist(
    _ opening: ChannelOpening, _ request: HoldRequest?
  ) async throws -> (ChannelRecord, HoldOutcome) {
    do {
      return try await taking(request, of: opening.channelID) {
        try await table.update(ChannelRecord.key(opening.channelID)) { stored in
          let record = try ChannelRecord.applying(.open(opening), to: stored)
          guard let request else { return (record, .notRequested) }
          let acceptance = VoucherAcceptance(voucher: opening.voucher, comparedWith: .zero)
          let decision = try record.deciding(acceptance, hold: request)
          return (decision.record, decision.hold)
        }
      }
    } catch let error as ChannelTransitionError {
      throw SessionProblem.refusal(error)
    }
  }

  /// B2 to B5: the receipt and the state say what was signed.
  /// - Returns: the channel as it is now. The transaction may have been included long ago, by anybody: what was
  ///   settled, withdrawn or asked for since then counts.
  func checkOpened(
    _ id: Hash32, _ descriptor: ChannelDescriptor, _ deposit: Amount, _ escrow: Address,
    _ result: BroadcastResult
  ) async throws -> ChannelObservation {
    let block: UInt64
    var isNew = false
    switch result.outcome {
    case .included(let receipt):
      try Self.checkEvent(receipt, id, descriptor, deposit, escrow)
      block = try await reader.newest(after: receipt)
      isNew = block == receipt.blockNumber
    case .effective: block = try await reader.head()
    case .reverted, .rejected, .expired, .unavailable, .pending:
      throw SessionProblem.transaction(result.outcome, "open")
    }
    let state = try await readBack(block) { () async throws(ChainError) in
      try await self.client.channel(descriptor, escrow: escrow, at: .number(block))
    }
    let isUnused = state.deposit == deposit.units && state.settled == 0 && state.closeRequestedAt == 0
    guard isUnused || !isNew, state.deposit >= deposit.units || !state.exists else {
      throw SessionProblem.failed("on-chain channel state does not match open receipt")
    }
    return try await reader.believed(
      ChannelObservation(state, block: block), id, escrow, deposit: deposit, settled: .zero)
  }

  private static func checkEvent(
    _ receipt: TransactionReceipt, _ id: Hash32, _ descriptor: ChannelDescriptor, _ deposit: Amount,
    _ escrow: Address
  ) throws(PaymentProblem) {
    let event = try ReserveEvents(receipt, channelID: id, escrow: escrow).opened()
    guard case .opened(let fields) = event.kind else { throw SessionProblem.foreignDescriptor }
    guard fields.expiringNonceHash == descriptor.expiringNonceHash else {
      throw SessionProblem.failed("ChannelOpened expiringNonceHash does not match descriptor")
    }
    guard fields.deposit == deposit.units else {
      throw SessionProblem.failed("ChannelOpened deposit does not match calldata")
    }
    guard event.openedDescriptor == descriptor else {
      throw SessionProblem.failed("descriptor does not match ChannelOpened channelId")
    }
  }

  func readBack(
    _ block: UInt64, _ body: @Sendable () async throws(ChainError) -> ChannelState
  ) async throws(PaymentProblem) -> ChannelState {
    do { return try await client.readBack(body) } catch {
      throw error.problem("the state of block \(block)")
    }
  }

  /// B6.
  private static func checkFunds(
    _ observation: ChannelObservation, price: Amount
  ) throws(PaymentProblem) {
    guard observation.deposit > .zero else { throw SessionProblem.notFunded }
    guard observation.closeRequestedAt == 0 else { throw SessionProblem.closing }
    guard observation.deposit.units >= observation.settled.units,
      observation.deposit.units - observation.settled.units >= price.units
    else {
      throw .insufficientBalance(reason: "channel available balance insufficient for requested amount")
    }
  }

  /// An open of a channel that is open: its voucher counts like any other, and content is charged from the
  /// headroom.
  private func reopened(
    _ stored: StoredRecord<ChannelRecord>, _ open: VerifiedOpen, _ call: SessionCall
  ) async throws -> Verification {
    let current = try await reader.reopened(stored, open, call.now)
    if let unwritten = current.unwritten { try await merge(unwritten, open.channelID) }
    let hash = open.transaction.signed.hash
    // A lower voucher is ignored; it came with a finished open, so it is no attempt to lower anything.
    let acceptance = VoucherAcceptance(voucher: open.voucher, comparedWith: .zero)
    return try await accept(acceptance, current.record.payerSource, call, transactionHash: hash)
  }
}
