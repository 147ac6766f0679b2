import EVM
import MPPCore
import MPPTempo
import Tempo

/// The snapshot of a channel for a challenge (`04` §15.3). Pure.
enum SessionHints {
  /// Nil unless the channel can serve this offer and the request is known to be its payer's or signer's: the
  /// snapshot carries the signed voucher, with which anybody could spend the headroom or close the channel
  /// (W4).
  static func snapshot(
    of record: ChannelRecord, _ terms: SessionTerms, payer: Address?, isContent: Bool
  ) -> SessionSnapshot? {
    guard let payer, payer == record.descriptor.payer || payer == record.descriptor.effectiveSigner,
      record.phase == .open, let voucher = record.highestVoucher, record.chainID == terms.chainID,
      record.escrow == terms.escrow, record.descriptor.payee == terms.recipient,
      record.descriptor.token == terms.currency, record.descriptor.operator == terms.operator
    else { return nil }
    let used = record.used.units
    let (required, overflow) = used.addingReportingOverflow(isContent ? terms.amount.units : 0)
    guard !overflow else { return nil }
    return SessionSnapshot(
      acceptedCumulative: record.accepted, chainID: record.chainID, channelID: record.channelID,
      deposit: record.deposit, descriptor: record.descriptor, escrow: record.escrow,
      highestVoucher: .init(
        channelID: voucher.channelID, cumulativeAmount: voucher.cumulativeAmount,
        signature: voucher.signature),
      requiredCumulative: Amount(units: required), settled: record.settled, spent: record.used,
      units: Int64(clamping: record.units))
  }
}
