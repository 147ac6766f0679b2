import EVM
import MPPCore
import Tempo
import TestSupport

/// The signers of the vector files: one private key, used on either curve.
enum VectorSigner {
  static func make(_ kind: PrimitiveSignature.Kind, privateKey: [UInt8]) throws -> TempoSigner {
    switch kind {
    case .secp256k1: .secp256k1(try Secp256k1PrivateKey(privateKey))
    case .p256: .p256(try P256PrivateKey(privateKey))
    case .webAuthn:
      .passkey(
        try HeadlessPasskey(
          key: try P256PrivateKey(privateKey), relyingParty: "example.com", origin: "https://example.com"))
    }
  }

  static func kind(_ name: String) throws -> PrimitiveSignature.Kind {
    guard let kind = PrimitiveSignature.Kind(rpcName: name) else { throw VectorError("unknown kind \(name)") }
    return kind
  }

  /// Whether two signatures over one digest are the same where a signer has no choice: whole on secp256k1,
  /// key and signed data on P-256, whose nonce is random here.
  static func expectSame(_ ours: PrimitiveSignature, _ theirs: PrimitiveSignature) throws {
    switch (ours, theirs) {
    case (.secp256k1(let ours), .secp256k1(let theirs)): try Tally.expect(ours, theirs, "signature")
    case (.p256(let ours), .p256(let theirs)):
      try Tally.expect([ours.x, ours.y], [theirs.x, theirs.y], "key")
      try Tally.expect(ours.prehash, theirs.prehash, "prehash")
    case (.webAuthn(let ours), .webAuthn(let theirs)):
      try Tally.expect([ours.x, ours.y], [theirs.x, theirs.y], "key")
      try Tally.expect(ours.authenticatorData, theirs.authenticatorData, "authenticator data")
      try Tally.expect(ours.clientDataJSON, theirs.clientDataJSON, "client data")
    default: throw VectorError("\(ours.kind) for \(theirs.kind)")
    }
  }
}
