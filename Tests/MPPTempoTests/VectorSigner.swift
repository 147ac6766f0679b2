import EVM
import MPPCore
import Tempo
import TestSupport

/// The signers of the vector files: one private key, used on either curve.
enum VectorSigner {
  static func make(_ type: String, privateKey: [UInt8]) throws -> TempoSigner {
    guard let kind = PrimitiveSignature.Kind(rpcName: type) else { throw VectorError("kind \(type)") }
    return switch kind {
    case .secp256k1: .secp256k1(try Secp256k1PrivateKey(privateKey))
    case .p256: .p256(try P256PrivateKey(privateKey))
    case .webAuthn:
      .passkey(
        try HeadlessPasskey(
          key: try P256PrivateKey(privateKey), relyingParty: "example.com", origin: "https://example.com"))
    }
  }

  static func address(_ value: JSONValue?) throws -> Address {
    guard let text = value?.stringValue else { throw VectorError("no address") }
    return try Address(hex: text)
  }

  static func chainID(_ value: JSONValue?) throws -> UInt64 {
    guard let number = value?.intValue, let chainID = UInt64(exactly: number) else {
      throw VectorError("no chain id")
    }
    return chainID
  }

  /// What of a signature is not the signer's choice: everything on secp256k1; key and signed data on P-256,
  /// whose nonce is random here.
  static func fixedPart(_ signature: [UInt8]) throws -> [UInt8] {
    let envelope = try SignatureEnvelope(parsing: signature)
    guard case .keychain(let keychain) = envelope else {
      return try fixedPart(PrimitiveSignature(parsing: signature))
    }
    return keychain.account.bytes + (try fixedPart(keychain.inner))
  }

  static func fixedPart(_ signature: PrimitiveSignature) throws -> [UInt8] {
    switch signature {
    case .secp256k1: signature.serialized
    case .p256(let signature): signature.x.bytes + signature.y.bytes + [signature.prehash ? 1 : 0]
    case .webAuthn(let signature):
      signature.x.bytes + signature.y.bytes + signature.authenticatorData + signature.clientDataJSON
    }
  }
}
