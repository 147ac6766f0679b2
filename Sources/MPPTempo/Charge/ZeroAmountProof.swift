public import EVM
public import Tempo

/// What an account signs to prove that it asks, where nothing is to be paid (`06` §1.10).
public struct ZeroAmountProof: Sendable, Hashable {
  /// The account that asks: the root account also when an access key signs.
  public let account: Address
  /// Part of the EIP-712 domain: a proof for one chain is none for another.
  public let chainID: UInt64
  /// Id of the challenge that is answered; what makes a replay recognisable.
  public let challengeID: String
  /// Realm of that challenge.
  public let realm: String

  /// The EIP-712 type.
  public static let type = "Proof(address account,string challengeId,string realm)"
  /// Keccak-256 of ``type``.
  public static let typeHash = EIP712.typeHash(type)
  private static let domainName = "MPP"
  private static let domainVersion = "3"

  /// - Parameter account: the root account, also when an access key will sign.
  public init(account: Address, chainID: UInt64, challengeID: String, realm: String) {
    self.account = account
    self.chainID = chainID
    self.challengeID = challengeID
    self.realm = realm
  }

  /// The EIP-712 digest that is signed.
  public var digest: Hash32 {
    let structHash = EIP712.structHash(
      typeHash: Self.typeHash,
      words: [account.word, EIP712.string(challengeID), EIP712.string(realm)])
    let separator = EIP712.domainSeparator(
      name: Self.domainName, version: Self.domainVersion, chainID: chainID)
    return EIP712.digest(domainSeparator: separator, structHash: structHash)
  }

  /// The source that goes with the proof in a credential.
  public var source: AccountSource { AccountSource(chainID: chainID, address: account) }

  /// Signs for the account of `signer`. An access key wraps its signature, so that the server need not guess
  /// which key it is.
  public static func sign(
    chainID: UInt64, challengeID: String, realm: String, by signer: TempoSigner
  ) async throws -> (source: AccountSource, signature: [UInt8]) {
    let proof = ZeroAmountProof(
      account: signer.account, chainID: chainID, challengeID: challengeID, realm: realm)
    return (proof.source, try await signer.signForAccount(proof.digest).serialized)
  }

  /// Who signed these bytes.
  public enum Signer: Sendable, Hashable {
    /// The account itself. Nothing is left to check.
    case account
    /// This key, verified. Whether it is an access key of the account, not revoked and not expired, only the
    /// chain knows (`getKey`).
    case accessKey(Address)
  }

  /// Verifies a proof's signature as far as that is possible without the chain.
  ///
  /// Throws when the bytes are no signature over this proof by anybody, or are wrapped for another account.
  /// High `s` and trailers are refused; one proof still has several signatures, so a replay is recognised by
  /// the challenge and never by these bytes.
  public func verify(signature bytes: [UInt8]) throws(TempoError) -> Signer {
    if bytes.count != 65, let type = bytes.first, KeychainSignature.Version(rawValue: type) != nil {
      let wrapped = try KeychainSignature(parsing: bytes)
      guard wrapped.account == account else { throw .rule(.signerMismatch) }
      let key = try wrapped.inner.signer(of: wrapped.innerDigest(digest))
      guard key != account else { throw .rule(.signerMismatch) }
      return .accessKey(key)
    }
    let signer = try PrimitiveSignature(parsing: bytes, acceptingParityByte: true).signer(of: digest)
    return signer == account ? .account : .accessKey(signer)
  }
}
