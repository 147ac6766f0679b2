import MPPCore
import MPPTempo

/// When a channel is due for settlement (`04` §21.3). Pure.
struct SettlementPlan: Sendable, Equatable {
  let units: UInt64?
  let amount: Amount?
  let intervalMilliseconds: Int64?

  /// - Throws: `AmountError` when the amount is not one of the token.
  init(_ schedule: SettlementSchedule, decimals: Int) throws(AmountError) {
    units = schedule.units
    amount = try schedule.amount.map { text throws(AmountError) in
      try Amount(decimal: text, decimals: decimals)
    }
    intervalMilliseconds = schedule.intervalMilliseconds
  }

  /// Whether the channel should be settled now. Only what has been delivered counts, and only what a voucher
  /// covers: the amount is compared with what the settlement would capture.
  func isDue(_ record: ChannelRecord, now: Timestamp) -> Bool {
    guard let voucher = record.settleableVoucher else { return false }
    let mark = record.lastSettlement
    if let units, record.units - min(mark?.units ?? 0, record.units) >= units { return true }
    let settled = min(record.settled.units, voucher.cumulativeAmount.units)
    if let amount, voucher.cumulativeAmount.units - settled >= amount.units { return true }
    guard let intervalMilliseconds else { return false }
    let start = mark?.at ?? record.createdAt
    // A start that is as far ahead comes from a clock that was wrong.
    return now >= start.adding(milliseconds: intervalMilliseconds)
      || start >= now.adding(milliseconds: intervalMilliseconds)
  }
}
