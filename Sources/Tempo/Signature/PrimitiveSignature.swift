public import EVM

/// A signature by one key, in the form the chain calls primitive (`02` §3.2).
///
/// Parsing is canonical: `serialized` gives back exactly the bytes that were parsed, except that
/// `init(parsing:acceptingParityByte:)` may normalise `v` 0/1 of a transaction signature to 27/28.
public enum PrimitiveSignature: Sendable, Hashable {
  /// `r ‖ s ‖ v`, 65 bytes, without a type byte.
  case secp256k1(RecoverableSignature)
  /// `0x01 ‖ r ‖ s ‖ X ‖ Y ‖ prehash`, 130 bytes.
  case p256(KeyedP256Signature)
  /// `0x02 ‖ authenticatorData ‖ clientDataJSON ‖ r ‖ s ‖ X ‖ Y`.
  case webAuthn(WebAuthnSignature)

  /// The numbers key authorizations use.
  public enum Kind: UInt8, Sendable, Hashable {
    /// A key as Ethereum accounts have it.
    case secp256k1 = 0
    /// A P-256 key.
    case p256 = 1
    /// A passkey.
    case webAuthn = 2
  }

  /// Which kind of key signed.
  public var kind: Kind {
    switch self {
    case .secp256k1: .secp256k1
    case .p256: .p256
    case .webAuthn: .webAuthn
    }
  }

  /// Strict: `v` is 27 or 28, `s` is low, scalars are in range, the length is exact, wrappers are refused.
  public init(parsing bytes: [UInt8]) throws(TempoError) {
    try self.init(parsing: bytes, acceptingParityByte: false)
  }

  /// As `init(parsing:)`; `acceptingParityByte` also takes `v` 0/1, which the node does in transactions.
  public init(parsing bytes: [UInt8], acceptingParityByte: Bool) throws(TempoError) {
    if bytes.count == 65 {
      self = .secp256k1(try Self.secp256k1(bytes, acceptingParityByte: acceptingParityByte))
      return
    }
    guard let type = bytes.first else { throw .signature(.length) }
    switch type {
    case 0x01: self = .p256(try KeyedP256Signature(parsing: bytes))
    case 0x02: self = .webAuthn(try WebAuthnSignature(parsing: bytes))
    case 0x03, 0x04, 0x05: throw .signature(.unsupportedKind)
    default: throw .signature(.unknownType)
    }
  }

  /// The chain's form: 65 bytes without a type byte for secp256k1, with `v` 27 or 28; a type byte first for
  /// the others.
  public var serialized: [UInt8] {
    switch self {
    case .secp256k1(let signature): signature.bytes65
    case .p256(let signature): signature.serialized
    case .webAuthn(let signature): signature.serialized
    }
  }

  private static func secp256k1(
    _ bytes: [UInt8], acceptingParityByte: Bool
  ) throws(TempoError) -> RecoverableSignature {
    let signature: RecoverableSignature
    do {
      signature =
        try acceptingParityByte
        ? RecoverableSignature(tolerantBytes65: bytes) : RecoverableSignature(bytes65: bytes)
    } catch {
      switch error {
      case .invalidRecoveryID: throw .signature(.nonCanonicalByte)
      default: throw .signature(.scalarOutOfRange)
      }
    }
    guard !signature.isHighS else { throw .signature(.highS) }
    return signature
  }
}
