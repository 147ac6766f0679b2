/// A secp256k1 signature from which the signer's key can be computed. `r` and `s` are inside 1 … n−1 by
/// construction; `s` may be high until ``Secp256k1`` looks at it, which then refuses it as the chain does.
public struct RecoverableSignature: Sendable, Hashable {
  /// Above zero and below the group's order.
  public let r: Hash32
  /// Above zero and below the group's order; the chain takes the lower half.
  public let s: Hash32
  /// 0 or 1.
  public let yParity: UInt8

  /// - Throws: `invalidRecoveryID` for a parity above 1, `signatureOutOfRange` for a number outside 1 … n−1.
  ///   A high `s` is taken.
  public init(r: Hash32, s: Hash32, yParity: UInt8) throws(EVMError) {
    guard yParity <= 1 else { throw EVMError.invalidRecoveryID(yParity) }
    guard Secp256k1.isScalar(r), Secp256k1.isScalar(s) else { throw EVMError.signatureOutOfRange }
    self.init(unchecked: r, s, yParity)
  }

  init(unchecked r: Hash32, _ s: Hash32, _ yParity: UInt8) {
    self.r = r
    self.s = s
    self.yParity = yParity
  }

  /// Exactly 65 bytes `r ‖ s ‖ v`, v 27 or 28: the only form of a voucher (`02` §3.2 rule 7).
  public init(bytes65 bytes: [UInt8]) throws(EVMError) {
    guard bytes.count == 65 else { throw EVMError.invalidLength(expected: 65, actual: bytes.count) }
    guard bytes[64] == 27 || bytes[64] == 28 else { throw EVMError.invalidRecoveryID(bytes[64]) }
    try self.init(
      r: Hash32(unchecked: bytes, at: 0), s: Hash32(unchecked: bytes, at: 32), yParity: bytes[64] - 27)
  }

  /// Exactly 65 bytes `r ‖ s ‖ v`, v 0, 1, 27 or 28: transaction signatures (`02` §3.2 rule 3).
  /// ``bytes65`` is then the normalised form.
  public init(tolerantBytes65 bytes: [UInt8]) throws(EVMError) {
    guard bytes.count == 65 else { throw EVMError.invalidLength(expected: 65, actual: bytes.count) }
    var normalised = bytes
    if bytes[64] <= 1 { normalised[64] += 27 }
    try self.init(bytes65: normalised)
  }

  /// `r ‖ s ‖ v` with v 27 or 28.
  public var bytes65: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(65)
    r.append(to: &bytes)
    s.append(to: &bytes)
    bytes.append(yParity + 27)
    return bytes
  }

  /// Whether `s` is above n/2: the malleable twin of a valid signature.
  public var isHighS: Bool { Secp256k1.isHighS(s) }
}
