import EVM
import MPPCore

/// The rules every channel record obeys (`04` §29), checked before and after each transition, after loading and before writing.
public enum ChannelInvariants {
  /// Rules of one record. Not checked here, because they cost cryptography: identity (checked when a record is created or decoded)
  /// and the voucher's signature (checked before a voucher is accepted).
  public static func check(_ record: ChannelRecord) throws(ChannelInvariantViolation) {
    try checkAmounts(record)
    try checkHistory(record)
    try checkHolds(record)
    if record.finalized {
      guard record.deposit == .zero, record.holds.isEmpty, record.closing == nil, record.closeRequestedAt == 0
      else { throw .finality }
    } else {
      guard record.deposit > .zero, record.loss == .zero else { throw .finality }
      guard record.accepted <= record.deposit else { throw .overdrawn }
      guard record.settled <= record.deposit else { throw .oversettled }
    }
    if let closing = record.closing {
      guard closing.voucher.channelID == record.channelID, isPlausible(closing.voucher.signature),
        closing.voucher.cumulativeAmount.units >= record.spent.units + record.held.units
      else { throw .closeVoucher }
    }
    if let mark = record.lastSettlement {
      guard mark.spent <= record.spent, mark.units <= record.units else { throw .mark }
    }
  }

  /// What the rules of a step need of the record before it.
  struct Before {
    let channelID: Hash32
    let createdAt: Timestamp
    let accepted: Amount
    let spent: Amount
    let held: Amount
    let settled: Amount
    let deposit: Amount
    let units: UInt64
    let observedBlock: UInt64
    let finalized: Bool
    /// What the largest voucher that is covered by delivered value is worth.
    let settleable: Amount?

    init(_ record: ChannelRecord) {
      channelID = record.channelID
      createdAt = record.createdAt
      accepted = record.accepted
      spent = record.spent
      held = record.held
      settled = record.settled
      deposit = record.deposit
      units = record.units
      observedBlock = record.observedBlock
      finalized = record.finalized
      settleable = record.largestVoucherAmount(notAbove: record.spent)
    }
  }

  /// Rules of one step (invariants 1 and 4).
  public static func check(
    from old: ChannelRecord, to new: ChannelRecord
  ) throws(ChannelInvariantViolation) {
    try check(from: Before(old), to: new)
  }

  static func check(from old: Before, to new: ChannelRecord) throws(ChannelInvariantViolation) {
    guard new.channelID == old.channelID, new.createdAt == old.createdAt, new.accepted >= old.accepted,
      new.spent >= old.spent, new.settled >= old.settled, new.units >= old.units,
      new.observedBlock >= old.observedBlock, new.finalized || !old.finalized,
      new.finalized || new.deposit >= old.deposit
    else { throw .regression }
    guard new.spent.units <= max(old.spent.units + old.held.units, new.settled.units) else {
      throw .unheldCharge
    }
    if let settleable = old.settleable {
      guard let kept = new.largestVoucherAmount(notAbove: new.spent), kept >= settleable else {
        throw .lostVoucher
      }
    }
  }

  private static func checkAmounts(_ record: ChannelRecord) throws(ChannelInvariantViolation) {
    guard record.deposit <= .maxUInt96, record.settled <= .maxUInt96, record.accepted <= .maxUInt96,
      record.spent <= .maxUInt96, record.held <= .maxUInt96, record.loss <= .maxUInt96
    else { throw .amountRange }
    // Both are below 2^96, so the sum fits.
    guard record.spent.units + record.held.units <= record.accepted.units else { throw .overspent }
  }

  private static func checkHistory(_ record: ChannelRecord) throws(ChannelInvariantViolation) {
    guard record.history.count <= ChannelRecord.historyLimit else { throw .history }
    var previous: Amount?
    // Looked at where they are: a voucher taken out of the list is a copy.
    let channelID = record.channelID
    let vouchers = record.history.span
    for index in vouchers.indices {
      let amount = vouchers[index].cumulativeAmount
      guard vouchers[index].channelID == channelID, isPlausible(vouchers[index].signature) else {
        throw .history
      }
      if let previous, amount <= previous { throw .history }
      previous = amount
    }
  }

  private static func checkHolds(_ record: ChannelRecord) throws(ChannelInvariantViolation) {
    guard record.holds.count <= ChannelRecord.holdLimit else { throw .holds }
    var sum: UInt128 = 0
    var previous: HoldID?
    for hold in record.holds {
      guard hold.amount > .zero, hold.amount <= .maxUInt96 else { throw .holds }
      if let previous, hold.id <= previous { throw .holds }
      previous = hold.id
      sum += hold.amount.units
    }
    guard sum == record.held.units else { throw .holds }
  }

  static func isPlausible(_ signature: [UInt8]) -> Bool {
    (1...SignedVoucher.maximumSignatureLength).contains(signature.count)
  }
}
