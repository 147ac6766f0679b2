import Tempo

/// Why a voucher signature was refused. The same bytes are refused the same way again.
public enum VoucherSignatureError: Error, Sendable, Hashable {
  /// A wrapper of an access key or another kind that the reserve does not take from a voucher.
  case notPrimitive
  /// Wrong length, an unknown type, a byte that is not canonical, or a passkey assertion nobody can read.
  case malformed
  /// The malleable twin of a signature: it would be accepted here and never settle.
  case highS
  /// Not a signature over this voucher.
  case invalid
  /// A signature of another key, or of the right key over something else.
  case wrongSigner

  init(_ error: TempoError) {
    self =
      switch error {
      case .signature(.unsupportedKind): .notPrimitive
      case .signature(.highS): .highS
      default: .malformed
      }
  }
}
