/// A secret of secp256k1. It is never printed.
public struct Secp256k1PrivateKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible,
  CustomReflectable
{
  private let secret: Hash32
  /// The point that belongs to the secret.
  public let publicKey: Secp256k1PublicKey

  /// 32 bytes, 1 … n−1.
  public init(_ bytes: [UInt8]) throws(EVMError) {
    let secret = try Hash32(bytes)
    guard let parsed = Secp256k1.publicKey(secret: secret) else { throw EVMError.invalidPrivateKey }
    self.secret = secret
    self.publicKey = Secp256k1PublicKey(parsed: parsed)
  }

  /// `0x` and 64 digits.
  public init(hex: some StringProtocol) throws(EVMError) { try self.init(Hex.decode(hex, count: 32)) }

  /// Of the public key.
  public var address: Address { publicKey.address }

  /// The secret itself, 32 bytes, for whoever stores keys.
  public var rawRepresentation: [UInt8] { secret.bytes }

  /// Deterministic (RFC 6979), low `s`: the same digest gives the same signature.
  public func sign(_ digest: Hash32) -> RecoverableSignature {
    guard let signature = Secp256k1.sign(digest, secret: secret) else {
      // The secret was checked when it came in; the library has no other reason to refuse.
      preconditionFailure("libsecp256k1 refused a valid key")
    }
    return signature
  }

  public var description: String { "Secp256k1PrivateKey(\(address))" }
  /// The address: the secret stays out of dumps and logs.
  public var debugDescription: String { description }
  /// The address alone: the secret stays out of dumps and logs.
  public var customMirror: Mirror { Mirror(self, children: ["address": address]) }
}
