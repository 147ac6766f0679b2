public import EVM

/// Who signs for an account: its own key, or an access key (`02` §3.7, §3.8). The kind of key and the role are
/// independent; whatever needs a signature asks for the form it needs:
///
/// | for | form |
/// |---|---|
/// | a transaction, a zero-amount proof | ``signForAccount(_:)``: wrapped (keychain V2) when an access key signs |
/// | a voucher | ``sign(_:)``: the bare signature of the key |
/// | a key authorization | ``sign(_:)`` of the account's own key |
/// | a v1 voucher, an Ethereum transaction, a fee payer | ``signSecp256k1(_:)`` |
///
/// Every answer of the key is checked before it is returned: its form, its kind, and that it verifies as this
/// key's. A key service that signs with another key is noticed here and not on the chain.
public struct TempoSigner: Sendable, CustomStringConvertible {
  /// The account that acts: sender of its transactions, payer of its channels.
  public let account: Address
  /// The kind of the key that signs.
  public let keyType: PrimitiveSignature.Kind
  private let key: any Signer

  /// The account of a key. Without a type the key signs with secp256k1.
  public init(_ key: any Signer, keyType: PrimitiveSignature.Kind = .secp256k1) {
    self.init(key, keyType: keyType, account: key.address)
  }

  private init(_ key: any Signer, keyType: PrimitiveSignature.Kind, account: Address) {
    self.key = key
    self.keyType = keyType
    self.account = account
  }

  /// The account of a secp256k1 key in this process.
  public static func secp256k1(_ key: Secp256k1PrivateKey) -> TempoSigner {
    TempoSigner(LocalSigner(key: key))
  }

  /// The account of a P-256 key in this process.
  ///
  /// - Parameter prehash: sign the SHA-256 of the digest, as the keys of browsers must.
  public static func p256(_ key: P256PrivateKey, prehash: Bool = false) -> TempoSigner {
    TempoSigner(P256Signer(key: key, prehash: prehash), keyType: .p256)
  }

  /// The account of a passkey in this process.
  public static func passkey(_ passkey: HeadlessPasskey) -> TempoSigner {
    TempoSigner(passkey, keyType: .webAuthn)
  }

  /// The same key as an access key of another account. That the account has authorized it is the chain's to
  /// say.
  public func asAccessKey(of account: Address) -> TempoSigner {
    TempoSigner(key, keyType: keyType, account: account)
  }

  /// The address of the key that signs: `authorizedSigner` of a channel, `keyId` of an authorization.
  public var keyAddress: Address { key.address }

  /// Whether the key is not the account's own.
  public var isAccessKey: Bool { keyAddress != account }

  /// The sender that the transactions of this signer are recovered to.
  public var sender: RecoveredSender {
    RecoveredSender(account: account, accessKey: isAccessKey ? keyAddress : nil, keyType: keyType)
  }

  /// A bare signature over exactly this digest.
  ///
  /// Throws what the key throws, and `TempoError` when its answer is not a canonical signature of this key
  /// over the digest.
  public func sign(_ digest: Hash32) async throws -> PrimitiveSignature {
    let bytes = Self.withoutMarker(try await key.sign(digest))
    let signature = try PrimitiveSignature(parsing: bytes)
    guard signature.kind == keyType else { throw TempoError.signature(.unsupportedKind) }
    guard try signature.signer(of: digest) == keyAddress else { throw TempoError.rule(.signerMismatch) }
    return signature
  }

  /// A signature with which ``account`` stands for this digest: bare when the key is its own, wrapped when it is
  /// an access key.
  public func signForAccount(_ digest: Hash32) async throws -> SignatureEnvelope {
    guard isAccessKey else { return SignatureEnvelope(try await sign(digest)) }
    let inner = try await sign(KeychainSignature.innerDigest(digest, account: account))
    return .keychain(KeychainSignature(account: account, inner: inner))
  }

  /// A bare signature where only secp256k1 is taken. Throws `unsupportedKind` for keys of other kinds, before
  /// they are asked.
  public func signSecp256k1(_ digest: Hash32) async throws -> RecoverableSignature {
    guard keyType == .secp256k1, case .secp256k1(let signature) = try await sign(digest) else {
      throw TempoError.signature(.unsupportedKind)
    }
    return signature
  }

  public var description: String {
    isAccessKey ? "TempoSigner(\(keyAddress) for \(account))" : "TempoSigner(\(account))"
  }

  /// Some wallets end their signatures with 32 bytes `0x77`. Taken off what our own signer says, never off the
  /// bytes of a peer (`02` §3.2 rule 6).
  private static func withoutMarker(_ bytes: [UInt8]) -> [UInt8] {
    guard bytes.count > 32, bytes.suffix(32).allSatisfy({ $0 == 0x77 }) else { return bytes }
    return bytes.dropLast(32)
  }
}

extension TempoTransaction {
  /// Signs after ``validate()``; the sender is the signer's account.
  public func signed(by signer: TempoSigner) async throws -> SignedTempoTransaction {
    try validate()
    return try signed(await signer.signForAccount(signingHash()))
  }
}
