public import MPPCore

/// What ``ChannelRecord/deciding(_:hold:)`` did.
public struct ChannelDecision: Sendable, Equatable {
  /// The record to store and to build the receipt from.
  public let record: ChannelRecord
  /// Whether the voucher raised the authorization.
  public let voucher: VoucherOutcome
  /// Whether the price was set aside. A short headroom leaves the voucher accepted.
  public let hold: HoldOutcome

  /// - Parameter record: the record after the decision.
  public init(record: ChannelRecord, voucher: VoucherOutcome, hold: HoldOutcome) {
    self.record = record
    self.voucher = voucher
    self.hold = hold
  }
}

/// What became of a voucher.
public enum VoucherOutcome: Sendable, Equatable {
  /// It is the highest one now.
  case raised
  /// It was accepted before; nothing changed.
  case repeated
  /// It lost a race against a higher one; nothing changed.
  case superseded
}

/// What became of the wish to set a price aside.
public enum HoldOutcome: Sendable, Equatable {
  /// No hold was asked for: a voucher alone.
  case notRequested
  /// Set aside until it is committed, released or its lease ends.
  case held(Hold)
  /// The headroom is short: nothing is held, the voucher stays accepted.
  case short(requested: Amount, available: Amount)
}
