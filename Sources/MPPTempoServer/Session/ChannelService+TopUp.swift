import EVM
import MPPCore
import MPPServer
import MPPTempo
import Tempo
import TempoRPC

extension ChannelService {
  /// `04` §18.2. The same credential again is the same transaction: it is looked up, never sent twice.
  func topUp(_ payload: SessionPayload.TopUp, _ call: SessionCall) async throws -> Verification {
    let id = payload.channelID
    try call.terms.check(id, payload.descriptor, known: table.peek(ChannelRecord.key(id)))
    guard payload.additionalDeposit > .zero else {
      throw SessionProblem.failed("additionalDeposit must be greater than zero")
    }
    guard let stored = try await load(id) else { throw SessionProblem.channelNotFound }
    guard stored.descriptor == payload.descriptor else { throw SessionProblem.foreignDescriptor }
    guard !stored.finalized else { throw SessionProblem.finalized }
    let transaction = try Self.transaction(payload, call)
    return try await exclusively(id) {
      try await openings.run(transaction.sender) {
        let context = IntentContext.topUp(additionalDeposit: payload.additionalDeposit)
        let result = try await send(
          transaction, .topUp, .init(.topUp, id, transaction.identity), context: try context.encoded(), call
        ) {
          try await checkInclusion(transaction, .topUp, call.now)
          try await checkBeforeTopUp(stored, transaction, call)
          return false
        }
        return try await toppedUp(payload, result, call)
      }
    }
  }

  private static func transaction(
    _ payload: SessionPayload.TopUp, _ call: SessionCall
  ) throws(PaymentProblem) -> ManagementTransaction {
    let transaction = try ManagementTransaction(
      parsing: payload.transaction, .topUp, escrow: call.terms.escrow, chainID: call.terms.chainID,
      isSponsored: call.terms.isSponsored)
    guard case .topUp(let descriptor, let amount) = transaction.call, descriptor == payload.descriptor else {
      throw SessionProblem.failed("TIP-1034 topUp descriptor does not match stored channel")
    }
    guard amount == payload.additionalDeposit.units else {
      throw SessionProblem.failed("TIP-1034 topUp deposit does not match credential")
    }
    try transaction.checkSwap(.topUp, token: call.terms.currency, amount: payload.additionalDeposit)
    guard transaction.sender == descriptor.payer else {
      throw SessionProblem.failed("TIP-1034 topUp transaction is not sent by the channel payer")
    }
    try transaction.checkValidity(.topUp, now: call.now)
    return transaction
  }

  /// v7 and v8: the chain is always asked.
  private func checkBeforeTopUp(
    _ stored: ChannelRecord, _ transaction: ManagementTransaction, _ call: SessionCall
  ) async throws {
    do {
      let record = try await read(stored, call.now)
      guard record.deposit > .zero else { throw SessionProblem.notFunded }
      guard record.phase == .open else { throw SessionProblem.closing }
      // A sponsor runs it dry before it signs.
      if transaction.signed.isFinal {
        try await simulator.simulate(transaction.signed.transaction, from: transaction.signer)
      }
    } catch let error as ChainError {
      throw SessionProblem.chain(error, "the simulated topUp transaction")
    }
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
    let block = try await checked(receipt.blockNumber)
    let state = try await readBack(block) { [client] () async throws(ChainError) in
      try await client.channelState(id, escrow: call.terms.escrow, at: .number(block))
    }
    guard state.deposit == event.deposit.units, event.additional == payload.additionalDeposit else {
      throw SessionProblem.failed("on-chain channel state does not match topUp receipt")
    }
    guard state.closeRequestedAt == 0 else { throw SessionProblem.closing }
    let record: ChannelRecord
    do {
      record = try await apply(.mergeChainState(ChannelObservation(state, block: block)), to: id)
    } catch let error as ChannelTransitionError {
      throw SessionProblem.refusal(error)
    }
    freshness.noteRead(id, call.now)
    try await broadcaster.confirm(result)
    return call.management(record, source: record.payerSource, transactionHash: result.intent.hash)
  }
}
