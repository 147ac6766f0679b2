import EVM
import MPPCore
import MPPServer
import MPPTempo
import Tempo
import TempoRPC

// The hot path: one transition under the lock of the record, one wait for the disk.
extension ChannelService {
  /// Accepts and, for content, sets the price aside: one transition, one durable write. A refused price
  /// leaves the voucher accepted (`04` §20).
  func accept(
    _ acceptance: VoucherAcceptance, _ source: VerifiedSource?, _ call: SessionCall,
    transactionHash: Hash32? = nil
  ) async throws -> Verification {
    do {
      var (stored, outcome) = try await decided(acceptance, call)
      // Holds whose owner is gone are headroom: they are given back before anybody is refused for them.
      if case .short = outcome, try await writeOwed(in: stored.record) {
        (stored, outcome) = try await decided(acceptance, call)
      }
      return try answer(stored, outcome, source, call, transactionHash)
    } catch let error as ChannelTransitionError {
      throw SessionProblem.refusal(error)
    }
  }

  private func decided(
    _ acceptance: VoucherAcceptance, _ call: SessionCall
  ) async throws -> (StoredRecord<ChannelRecord>, HoldOutcome) {
    let request = call.purpose == .content ? holdRequest(call) : nil
    let id = acceptance.voucher.channelID
    return try await taking(request, of: id) {
      try await table.updateStored(ChannelRecord.key(id)) { stored in
        guard let stored else { throw ChannelTransitionError.notFound }
        var next = stored.record
        let decision = try next.decide(acceptance, hold: request)
        return (StoredRecord(next), decision.hold)
      }
    }
  }

  func holdRequest(_ call: SessionCall) -> HoldRequest {
    HoldRequest(
      id: holds.next(), amount: call.terms.amount, now: call.now,
      expires: call.now.adding(milliseconds: options.holdLease))
  }

  func answer(
    _ stored: StoredRecord<ChannelRecord>, _ outcome: HoldOutcome, _ source: VerifiedSource?,
    _ call: SessionCall,
    _ transactionHash: Hash32?
  ) throws(PaymentProblem) -> Verification {
    switch outcome {
    case .notRequested:
      return call.management(stored.record, source: source, transactionHash: transactionHash)
    case .short(let requested, let available):
      throw SessionProblem.short(requested, available)
    case .held(let hold):
      return .proceed(
        VerifiedPayment(
          source: source, amount: hold.amount,
          receipt: call.receipt(stored, transactionHash: transactionHash),
          reference: stored.record.channelID.hex,
          hold: SessionHold(
            service: self,
            hold: LiveHold(
              id: hold.id, channelID: stored.record.channelID, takenAt: call.now, expires: hold.expires))))
    }
  }
}
