/// What can be wrong with a value of this module. None of them is worth a retry: the input itself is bad.
public enum EVMError: Error, Sendable, Hashable {
  /// A fixed-width value of `actual` bytes where `expected` are needed.
  case invalidLength(expected: Int, actual: Int)
  /// Text that is not `0x` followed by an even number of hexadecimal digits.
  case invalidHex
  /// Not a quantity: `0x` and 1…64 hexadecimal digits, or not a decimal number.
  case invalidQuantity
  /// The capital letters of an address are not those of EIP-55.
  case invalidChecksum
  /// A number that does not fit the type it is read into.
  case integerOverflow
  /// Zero, or not below the order of the curve.
  case invalidPrivateKey
  /// Not a point of the curve, or the point at infinity.
  case invalidPublicKey
  /// `r` or `s` is zero or not below the order of the curve.
  case signatureOutOfRange
  /// `s` above half of the order of the curve. The chain refuses the malleable form, so we do.
  case highS
  /// The last byte names no recovery id that is allowed here.
  case invalidRecoveryID(UInt8)
  /// No public key belongs to this digest and signature.
  case unrecoverable
  /// The client data of a passkey is not a JSON object with a `type` and a `challenge`.
  case invalidClientData
}
