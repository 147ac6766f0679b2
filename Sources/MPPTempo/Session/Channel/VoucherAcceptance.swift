public import MPPCore

/// A voucher whose signature was verified, about to be accepted.
public struct VoucherAcceptance: Sendable, Equatable {
  /// Verified by the caller: no transition looks at the signature again.
  public let voucher: SignedVoucher
  /// Smallest step above the highest voucher, in base units (`04` §18.3, V14).
  public let minimumDelta: Amount
  /// The record's ``ChannelRecord/accepted`` when the voucher was compared with it outside the lock (V10). A voucher below the
  /// highest one but not below this has lost a race and is a success; one below both was never acceptable.
  public let comparedWith: Amount

  /// - Parameters:
  ///   - minimumDelta: base units; zero takes any raise.
  ///   - comparedWith: base units, read from the record before the signature was verified.
  public init(voucher: SignedVoucher, minimumDelta: Amount = .zero, comparedWith: Amount) {
    self.voucher = voucher
    self.minimumDelta = minimumDelta
    self.comparedWith = comparedWith
  }
}
