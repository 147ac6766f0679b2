public import EVM
public import Tempo

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Who pays: the key of the payer, something that signs for it, or an access key of the payer.
public struct TempoAccount: Sendable {
  let signer: TempoSigner
  let authorization: SignedKeyAuthorization?

  private init(_ signer: TempoSigner, authorization: SignedKeyAuthorization? = nil) {
    self.signer = signer
    self.authorization = authorization
  }

  /// A signer of your own: a key service, a hardware key. It must return secp256k1 signatures of its address.
  public static func signer(_ signer: any Signer) -> TempoAccount { TempoAccount(TempoSigner(signer)) }

  /// A key of any kind: secp256k1, P-256 or a passkey.
  public static func signer(_ signer: TempoSigner) -> TempoAccount { TempoAccount(signer) }

  /// An access key of an account: it pays from the account, within the limits, scopes and life that the account gave it. What
  /// does not fit fails with the code `.accessKey` before anything is signed.
  ///
  /// Vouchers of channels it opens are signed by the key itself.
  /// - Parameter authorization: by which the account lets the key act; sent once, with the first payment, when the chain does not
  ///   know the key yet. Nil when the account has registered it.
  public static func accessKey(
    _ key: TempoSigner, of account: Address, authorization: SignedKeyAuthorization? = nil
  ) -> TempoAccount {
    TempoAccount(key.asAccessKey(of: account), authorization: authorization)
  }

  /// A private key in memory.
  public static func key(_ key: Secp256k1PrivateKey) -> TempoAccount {
    TempoAccount(.secp256k1(key))
  }

  /// A private key as `0x` and 64 hex digits.
  /// - Throws: `EVMError` for anything else.
  public static func hex(_ text: String) throws -> TempoAccount { .key(try Secp256k1PrivateKey(hex: text)) }

  /// A private key from an environment variable.
  /// - Throws: `TempoAccountError` when the variable is not set, `EVMError` when it does not hold a key.
  public static func environment(_ name: String) throws -> TempoAccount {
    guard let value = getenv(name) else { throw TempoAccountError(variable: name) }
    return try hex(String(cString: value))
  }
}

/// An account cannot be read from the environment. The key itself is never shown.
public struct TempoAccountError: Error, Sendable, CustomStringConvertible {
  /// The name of the variable that is not set.
  public let variable: String
  public var description: String { "the environment variable \(variable) is not set" }
}
