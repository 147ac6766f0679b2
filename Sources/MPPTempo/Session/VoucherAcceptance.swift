public import MPPCore

/// A voucher whose signature was verified, about to be accepted.
public struct VoucherAcceptance: Sendable, Equatable {
  public let voucher: SignedVoucher
  /// Smallest step above the highest voucher, in base units (`04` §18.3, V14).
  public let minimumDelta: Amount
  /// The record's ``ChannelRecord/accepted`` when the voucher was compared with it outside the lock (V10). A voucher below the
  /// highest one but not below this has lost a race and is a success; one below both was never acceptable.
  public let comparedWith: Amount

  public init(voucher: SignedVoucher, minimumDelta: Amount = .zero, comparedWith: Amount) {
    self.voucher = voucher
    self.minimumDelta = minimumDelta
    self.comparedWith = comparedWith
  }
}
