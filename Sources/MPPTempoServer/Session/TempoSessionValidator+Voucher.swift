import EVM
import MPPCore
import MPPServer
import MPPTempo
import Tempo
import TempoRPC

// The hot path: no chain call while the state is fresh, one signature check.
extension TempoSessionValidator {
  /// `04` §18.3 in its order.
  func voucher(
    _ payload: SessionPayload.VoucherPayload, _ call: SessionCall
  ) async throws -> (Action, ChannelObservation?) {
    let key = ChannelRecord.key(payload.channelID)
    let known = reader.table.peekStored(key)
    try call.terms.check(payload.channelID, payload.descriptor, known: known)
    guard let stored = if let known { known } else { try await reader.table.loadStored(key) } else {
      throw SessionProblem.channelNotFound
    }
    guard stored.record.descriptor == payload.descriptor else { throw SessionProblem.foreignDescriptor }
    let source = try Self.source(call.source, stored)
    guard !stored.record.finalized else { throw SessionProblem.finalized }
    let signed = SignedVoucher(
      channelID: payload.channelID, cumulativeAmount: payload.cumulativeAmount, signature: payload.signature)
    let isKnown = stored.record.recognizes(signed)
    let (current, isVerified) =
      if let current = try fresh(signed, stored, call, isVerified: isKnown) { (current, isKnown) } else {
        try await looked(signed, stored, call, isVerified: isKnown)
      }
    do throws(PaymentProblem) {
      try check(signed, current.stored, isVerified: isVerified, call)
    } catch {
      throw current.refusal(error)
    }
    let acceptance = VoucherAcceptance(
      voucher: signed, minimumDelta: call.terms.minimumDelta, comparedWith: current.stored.record.accepted)
    return (.voucher(acceptance, source), current.unwritten)
  }

  /// V3 to V5: a consistency check on public data, before any signature work.
  private static func source(
    _ source: UnverifiedSource?, _ stored: StoredRecord<ChannelRecord>
  ) throws(PaymentProblem) -> VerifiedSource {
    guard let source else { throw SessionProblem.failed("credential source does not match channel") }
    guard let account = PayerAccount(source) else {
      guard source.text.utf8.starts(with: "did:pkh:eip155:\(stored.record.chainID):".utf8) else {
        throw SessionProblem.failed("credential source does not match channel")
      }
      throw SessionProblem.failed("invalid credential source")
    }
    guard account.chainID == stored.record.chainID else {
      throw SessionProblem.failed("credential source does not match channel")
    }
    guard
      account.address == stored.record.descriptor.payer
        || account.address == stored.record.descriptor.effectiveSigner
    else {
      throw SessionProblem.failed("credential source does not match channel payer or authorized signer")
    }
    // True once the voucher's signature was checked, which happens before anything is answered.
    return VerifiedSource(source.text)
  }

  /// The channel as it is known without reading the chain, when that is enough for the voucher; nil otherwise.
  private func fresh(
    _ voucher: SignedVoucher, _ known: StoredRecord<ChannelRecord>, _ call: SessionCall, isVerified: Bool
  ) throws -> ChannelReader.Current? {
    guard let reading = reader.freshness.reading(voucher.channelID, call.now) else { return nil }
    let current = try ChannelReader.Current(known, reading.unwritten)
    return isVerified || voucher.cumulativeAmount <= current.stored.record.deposit ? current : nil
  }

  /// The channel for a voucher for which the chain may have to be read, and whether the signature was checked.
  private func looked(
    _ voucher: SignedVoucher, _ known: StoredRecord<ChannelRecord>, _ call: SessionCall, isVerified: Bool
  ) async throws -> (ChannelReader.Current, isVerified: Bool) {
    var isVerified = isVerified
    var current: ChannelReader.Current
    if let reading = reader.freshness.reading(voucher.channelID, call.now) {
      current = try ChannelReader.Current(known, reading.unwritten)
    } else {
      // A read of the chain is due: a signature is asked for first, so that strangers cannot cause reads.
      if !isVerified {
        try verify(voucher, known, call)
        isVerified = true
      }
      current = try await reader.current(known, call.now)
    }
    if voucher.cumulativeAmount > current.stored.record.deposit, !isVerified {
      try current.check { record throws(PaymentProblem) in try record.checkServes() }
      // The deposit may have been raised on the chain without us. The same holds for this read.
      try verify(voucher, known, call)
      isVerified = true
      current = try await reader.looked(current.stored, call.now, on: dryRuns)
    }
    return (current, isVerified)
  }

  /// V7 to V12, the signature included.
  private func check(
    _ voucher: SignedVoucher, _ stored: StoredRecord<ChannelRecord>, isVerified: Bool, _ call: SessionCall
  ) throws(PaymentProblem) {
    let amount = voucher.cumulativeAmount
    guard stored.record.deposit > .zero else { throw SessionProblem.notFunded }
    guard stored.record.phase == .open else { throw SessionProblem.closing }
    guard amount <= stored.record.deposit else { throw SessionProblem.exceedsDeposit }
    guard amount >= stored.record.accepted || stored.record.recognizes(voucher) else {
      throw SessionProblem.voucherTooLow
    }
    if !isVerified { try verify(voucher, stored, call) }
    guard amount > stored.record.settled else { throw SessionProblem.belowSettled }
  }

  private func verify(
    _ voucher: SignedVoucher, _ stored: StoredRecord<ChannelRecord>, _ call: SessionCall
  ) throws(PaymentProblem) {
    try reader.verify(voucher, signer: stored.record.descriptor.effectiveSigner, domain: call.terms.domain)
  }
}
