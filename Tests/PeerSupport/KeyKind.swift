package import EVM
package import Tempo
package import Testing

/// Every kind of key that an account, or an access key of it, can have.
package enum KeyKind: String, Sendable, CaseIterable, CustomTestStringConvertible {
  case secp256k1 = "secp256k1"
  case p256 = "P-256"
  /// As the keys of browsers sign: the SHA-256 of what the chain asks for.
  case hashedP256 = "P-256 (prehash)"
  case passkey = "passkey"

  package var testDescription: String { rawValue }

  /// The key whose every byte is `seed`, as an account of its own.
  package func signer(seed: UInt8) throws -> TempoSigner {
    let bytes = [UInt8](repeating: seed, count: 32)
    return switch self {
    case .secp256k1: .secp256k1(try Secp256k1PrivateKey(bytes))
    case .p256: .p256(try P256PrivateKey(bytes))
    case .hashedP256: .p256(try P256PrivateKey(bytes), prehash: true)
    case .passkey:
      .passkey(
        try HeadlessPasskey(
          key: try P256PrivateKey(bytes), relyingParty: "example.com", origin: "https://example.com"))
    }
  }

  /// Where `r` and `s` begin in a signature of this kind, and the order of its group.
  package func numbers(of signature: [UInt8]) -> (r: Int, s: Int, order: Hash32) {
    let first =
      switch self {
      case .secp256k1: 0
      case .p256, .hashedP256: 1
      case .passkey: signature.count - 128
      }
    return (first, first + 32, self == .secp256k1 ? Secp256k1.order : P256Signature.order)
  }
}
