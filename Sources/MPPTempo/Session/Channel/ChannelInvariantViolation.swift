/// The rule a channel record breaks (`04` §29). Each one means a defect of this program or of the ledger's medium.
public enum ChannelInvariantViolation: String, Error, Sendable, Hashable {
  /// The descriptor does not hash to the channel id.
  case identity
  /// An amount is above 2^96 − 1.
  case amountRange
  /// The voucher history is too long, not strictly rising, of another channel, or has a signature of impossible length.
  case history
  /// Holds are not in order, empty, or do not add up.
  case holds
  /// Spent and held amounts exceed the authorization.
  case overspent
  /// The authorization exceeds the deposit.
  case overdrawn
  /// More settled than deposited.
  case oversettled
  /// A finalized record has a deposit, holds, a lease or a close request; or another one has a loss or no deposit.
  case finality
  /// The close voucher does not cover what is spent and held.
  case closeVoucher
  /// The settlement mark is ahead of the record.
  case mark
  /// Something that only grows became smaller, or the identity changed.
  case regression
  /// More was spent than had been held.
  case unheldCharge
  /// The voucher that settlement could use was dropped.
  case lostVoucher
}
