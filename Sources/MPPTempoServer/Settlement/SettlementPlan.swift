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

  /// Whether the channel should be settled now. Only what has been delivered counts, and only if a voucher covers it.
  func isDue(_ record: ChannelRecord, now: Timestamp) -> Bool {
    guard record.settleableVoucher != nil else { return false }
    let mark = record.lastSettlement
    let sinceUnits = record.units - min(mark?.units ?? 0, record.units)
    if let units, sinceUnits >= units { return true }
    let from = mark?.spent ?? record.settled
    if let amount, record.spent.units - min(from.units, record.spent.units) >= amount.units { return true }
    guard let intervalMilliseconds else { return false }
    return now >= (mark?.at ?? record.createdAt).adding(milliseconds: intervalMilliseconds)
  }
}
