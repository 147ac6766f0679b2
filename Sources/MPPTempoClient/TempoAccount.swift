public import EVM

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Who pays: the key of the payer, or something that signs for it.
public struct TempoAccount: Sendable {
  package let signer: any Signer

  /// A signer of your own: a key service, a hardware key. It must return secp256k1 signatures of its address.
  public static func signer(_ signer: any Signer) -> TempoAccount { TempoAccount(signer: signer) }

  /// A private key in memory.
  public static func key(_ key: Secp256k1PrivateKey) -> TempoAccount {
    TempoAccount(signer: LocalSigner(key: key))
  }

  /// A private key as `0x` and 64 hex digits.
  public static func hex(_ text: String) throws -> TempoAccount { .key(try Secp256k1PrivateKey(hex: text)) }

  /// A private key from an environment variable.
  /// - Throws: `TempoAccountError` when the variable is not set, `EVMError` when it does not hold a key.
  public static func environment(_ name: String) throws -> TempoAccount {
    guard let value = getenv(name) else { throw TempoAccountError(variable: name) }
    return try hex(String(cString: value))
  }
}

public struct TempoAccountError: Error, Sendable, CustomStringConvertible {
  public let variable: String
  public var description: String { "the environment variable \(variable) is not set" }
}
