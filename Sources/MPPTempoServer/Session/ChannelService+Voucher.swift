import EVM
import MPPCore
import MPPServer
import MPPTempo
import Tempo
import TempoRPC

// The hot path: no chain call while the state is fresh, one signature check outside the lock, one transition
// under it, one wait for the disk.
extension ChannelService {
  /// `04` §18.3 in its order.
  func voucher(_ payload: SessionPayload.VoucherPayload, _ call: SessionCall) async throws -> Verification {
    let key = ChannelRecord.key(payload.channelID)
    let known = table.peekStored(key)
    try call.terms.check(payload.channelID, payload.descriptor, known: known?.record)
    guard let stored = if let known { known } else { try await table.loadStored(key) } else {
      throw SessionProblem.channelNotFound
    }
    guard stored.record.descriptor == payload.descriptor else { throw SessionProblem.foreignDescriptor }
    let source = try Self.source(call.source, stored.record)
    guard !stored.record.finalized else { throw SessionProblem.finalized }
    let signed = SignedVoucher(
      channelID: payload.channelID, cumulativeAmount: payload.cumulativeAmount, signature: payload.signature)
    let accepted = try await bounds(signed, stored, call)
    let acceptance = VoucherAcceptance(
      voucher: signed, minimumDelta: call.terms.minimumDelta, comparedWith: accepted)
    return try await accept(acceptance, source, call)
  }

  /// V3 to V5: a consistency check on public data, before any signature work.
  private static func source(
    _ source: UnverifiedSource?, _ record: ChannelRecord
  ) throws(PaymentProblem) -> VerifiedSource {
    guard let source else { throw SessionProblem.failed("credential source does not match channel") }
    guard let account = PayerAccount(source) else {
      guard source.text.utf8.starts(with: "did:pkh:eip155:\(record.chainID):".utf8) else {
        throw SessionProblem.failed("credential source does not match channel")
      }
      throw SessionProblem.failed("invalid credential source")
    }
    guard account.chainID == record.chainID else {
      throw SessionProblem.failed("credential source does not match channel")
    }
    guard account.address == record.descriptor.payer || account.address == record.descriptor.effectiveSigner
    else {
      throw SessionProblem.failed("credential source does not match channel payer or authorized signer")
    }
    // True once the voucher's signature was checked, which happens before anything is answered.
    return VerifiedSource(source.text)
  }

  /// V7 to V12, the signature included. Returns the highest amount accepted before, which the voucher was compared with.
  private func bounds(
    _ voucher: SignedVoucher, _ known: StoredRecord<ChannelRecord>, _ call: SessionCall
  ) async throws -> Amount {
    let amount = voucher.cumulativeAmount
    var stored = known
    var isVerified = stored.record.recognizes(voucher)
    if !freshness.isFresh(voucher.channelID, call.now) {
      // A read of the chain is due: a signature is asked for first, so that strangers cannot cause reads.
      if !isVerified {
        try verify(voucher, signer: stored.record.descriptor.effectiveSigner, domain: call.terms.domain)
        isVerified = true
      }
      stored = StoredRecord(try await current(stored.record, call.now))
    }
    if amount > stored.record.deposit, stored.record.deposit > .zero, !isVerified {
      // The deposit may have been raised on the chain without us. The same holds for this read.
      try verify(voucher, signer: stored.record.descriptor.effectiveSigner, domain: call.terms.domain)
      isVerified = true
      stored = StoredRecord(try await reread(stored.record, call.now))
    }
    guard stored.record.deposit > .zero else { throw SessionProblem.notFunded }
    guard stored.record.phase == .open else { throw SessionProblem.closing }
    guard amount <= stored.record.deposit else { throw SessionProblem.exceedsDeposit }
    guard amount >= stored.record.accepted || stored.record.recognizes(voucher) else {
      throw SessionProblem.voucherTooLow
    }
    if !isVerified {
      try verify(voucher, signer: stored.record.descriptor.effectiveSigner, domain: call.terms.domain)
    }
    guard amount > stored.record.settled else { throw SessionProblem.belowSettled }
    return stored.record.accepted
  }

  private func reread(_ record: ChannelRecord, _ now: Timestamp) async throws -> ChannelRecord {
    do {
      return try await read(record, now)
    } catch let error as ChainError {
      throw SessionProblem.chain(error, "the channel's deposit")
    }
  }

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
      return try answer(stored.record, outcome, source, call, transactionHash)
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
        let decision = try stored.record.deciding(acceptance, hold: request)
        return (decision.record, decision.hold)
      }
    }
  }

  func holdRequest(_ call: SessionCall) -> HoldRequest {
    HoldRequest(
      id: holds.next(), amount: call.terms.amount, now: call.now,
      expires: call.now.adding(milliseconds: options.holdLease))
  }

  func answer(
    _ record: ChannelRecord, _ outcome: HoldOutcome, _ source: VerifiedSource?, _ call: SessionCall,
    _ transactionHash: Hash32?
  ) throws(PaymentProblem) -> Verification {
    switch outcome {
    case .notRequested:
      return call.management(record, source: source, transactionHash: transactionHash)
    case .short(let requested, let available):
      throw SessionProblem.short(requested, available)
    case .held(let hold):
      return .proceed(
        VerifiedPayment(
          source: source, amount: hold.amount,
          receipt: call.receipt(record, transactionHash: transactionHash),
          reference: record.channelID.hex,
          hold: SessionHold(
            service: self,
            hold: LiveHold(
              id: hold.id, channelID: record.channelID, takenAt: call.now, expires: hold.expires))))
    }
  }
}
