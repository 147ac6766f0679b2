public import EVM

/// The signature of a transaction's sender (`02` §3.2).
public enum SignatureEnvelope: Sendable, Hashable {
  /// By the account's own secp256k1 key.
  case secp256k1(RecoverableSignature)
  /// By the account's own P-256 key.
  case p256(KeyedP256Signature)
  /// By the account's own passkey.
  case webAuthn(WebAuthnSignature)
  /// By an access key, for the account it names.
  case keychain(KeychainSignature)

  /// Strict, with the one tolerance of the node: `v` 0/1 is read as 27/28, and written so.
  public init(parsing bytes: [UInt8]) throws(TempoError) {
    if bytes.count != 65, bytes.first == KeychainSignature.Version.v2.rawValue {
      self = .keychain(try KeychainSignature(parsing: bytes))
      return
    }
    self.init(try PrimitiveSignature(parsing: bytes, acceptingParityByte: true))
  }

  /// The signature of an account by its own key.
  public init(_ primitive: PrimitiveSignature) {
    switch primitive {
    case .secp256k1(let signature): self = .secp256k1(signature)
    case .p256(let signature): self = .p256(signature)
    case .webAuthn(let signature): self = .webAuthn(signature)
    }
  }

  /// The bytes a signed transaction ends with; `v` is written as 27 or 28.
  public var serialized: [UInt8] {
    switch self {
    case .secp256k1(let signature): signature.bytes65
    case .p256(let signature): signature.serialized
    case .webAuthn(let signature): signature.serialized
    case .keychain(let signature): signature.serialized
    }
  }

  /// Who signed `digest`. For a keychain signature the signer is the access key and the sender its account.
  ///
  /// Throws when the signature does not verify. That an access key is allowed to act is the chain's to say.
  public func recover(_ digest: Hash32) throws(TempoError) -> RecoveredSender {
    switch self {
    case .secp256k1(let signature):
      RecoveredSender(
        account: try PrimitiveSignature.secp256k1(signature).signer(of: digest), keyType: .secp256k1)
    case .p256(let signature):
      RecoveredSender(account: try PrimitiveSignature.p256(signature).signer(of: digest), keyType: .p256)
    case .webAuthn(let signature):
      RecoveredSender(
        account: try PrimitiveSignature.webAuthn(signature).signer(of: digest), keyType: .webAuthn)
    case .keychain(let signature):
      RecoveredSender(
        account: signature.account, accessKey: try signature.inner.signer(of: signature.innerDigest(digest)),
        keyType: signature.inner.kind)
    }
  }
}

/// Who sends a transaction, and with which key: the result of verifying its signature.
public struct RecoveredSender: Sendable, Hashable {
  /// The account that sends.
  public let account: Address
  /// The access key that signed for it, if the account did not sign itself.
  public let accessKey: Address?
  /// The kind of the key that signed.
  public let keyType: PrimitiveSignature.Kind

  init(account: Address, accessKey: Address? = nil, keyType: PrimitiveSignature.Kind) {
    self.account = account
    self.accessKey = accessKey
    self.keyType = keyType
  }
}
