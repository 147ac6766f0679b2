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
    let known = table.peek(ChannelRecord.key(payload.channelID))
    try call.terms.check(payload.channelID, payload.descriptor, known: known)
    guard let stored = try await load(payload.channelID) else { throw SessionProblem.channelNotFound }
    guard stored.descriptor == payload.descriptor else { throw SessionProblem.foreignDescriptor }
    let source = try Self.source(call.source, stored)
    guard !stored.finalized else { throw SessionProblem.finalized }
    let signed = SignedVoucher(
      channelID: payload.channelID, cumulativeAmount: payload.cumulativeAmount, signature: payload.signature)
    let record = try await bounds(signed, stored, call)
    let acceptance = VoucherAcceptance(
      voucher: signed, minimumDelta: call.terms.minimumDelta, comparedWith: record.accepted)
    return try await accept(acceptance, source, call)
  }

  /// V3 to V5: a consistency check on public data, before any signature work.
  private static func source(
    _ source: UnverifiedSource?, _ record: ChannelRecord
  ) throws(PaymentProblem) -> VerifiedSource {
    guard let source, source.text.utf8.starts(with: "did:pkh:eip155:\(record.chainID):".utf8) else {
      throw SessionProblem.failed("credential source does not match channel")
    }
    guard let text = source.account?.address, let address = try? Address(hex: text) else {
      throw SessionProblem.failed("invalid credential source")
    }
    guard address == record.descriptor.payer || address == record.descriptor.effectiveSigner else {
      throw SessionProblem.failed("credential source does not match channel payer or authorized signer")
    }
    // True once the voucher's signature was checked, which happens before anything is answered.
    return VerifiedSource(source.text)
  }

  /// V7 to V12, the signature included. Returns the record the amounts were compared with.
  private func bounds(
    _ voucher: SignedVoucher, _ stored: ChannelRecord, _ call: SessionCall
  ) async throws -> ChannelRecord {
    let amount = voucher.cumulativeAmount
    var isVerified = stored.recognizes(voucher)
    if !isVerified, !freshness.isFresh(voucher.channelID, call.now) {
      // A read of the chain is due: a signature is asked for first, so that strangers cannot cause reads.
      try verify(voucher, signer: stored.descriptor.effectiveSigner, domain: call.terms.domain)
      isVerified = true
    }
    var record = try await current(stored, call.now)
    if amount > record.deposit, record.deposit > .zero, !isVerified {
      // The deposit may have been raised on the chain without us. The same holds for this read.
      try verify(voucher, signer: record.descriptor.effectiveSigner, domain: call.terms.domain)
      isVerified = true
      record = try await reread(record, call.now)
    }
    guard record.deposit > .zero else { throw SessionProblem.notFunded }
    guard record.phase == .open else { throw SessionProblem.closing }
    guard amount <= record.deposit else { throw SessionProblem.exceedsDeposit }
    guard amount >= record.accepted || record.recognizes(voucher) else {
      throw SessionProblem.voucherTooLow
    }
    if !isVerified {
      try verify(voucher, signer: record.descriptor.effectiveSigner, domain: call.terms.domain)
    }
    guard amount > record.settled else { throw SessionProblem.belowSettled }
    return record
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
      var (record, outcome) = try await decided(acceptance, call)
      // Holds whose owner is gone are headroom: they are given back before anybody is refused for them.
      if case .short = outcome, try await writeOwed(in: record) {
        (record, outcome) = try await decided(acceptance, call)
      }
      return try answer(record, outcome, source, call, transactionHash)
    } catch let error as ChannelTransitionError {
      throw SessionProblem.refusal(error)
    }
  }

  private func decided(
    _ acceptance: VoucherAcceptance, _ call: SessionCall
  ) async throws -> (ChannelRecord, HoldOutcome) {
    let request = call.purpose == .content ? holdRequest(call) : nil
    let id = acceptance.voucher.channelID
    return try await taking(request, of: id) {
      try await table.update(ChannelRecord.key(id)) { stored in
        guard let stored else { throw ChannelTransitionError.notFound }
        let decision = try stored.deciding(acceptance, hold: request)
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
