public import EVM

/// A signer with a P-256 key in this process.
public struct P256Signer: Signer, CustomStringConvertible {
  private let key: P256PrivateKey
  private let prehash: Bool

  /// `prehash` signs the SHA-256 of the digest, as the keys of browsers must.
  public init(key: P256PrivateKey, prehash: Bool = false) {
    self.key = key
    self.prehash = prehash
  }

  /// Of the key: the last 20 bytes of the hash of its coordinates.
  public var address: Address { key.address }

  /// The nonce is random: two signatures over one digest differ, and both verify.
  public func signature(over digest: Hash32) throws -> KeyedP256Signature {
    let signature = try key.sign(digest, prehash: prehash)
    return try KeyedP256Signature(
      r: signature.r, s: signature.s, x: key.publicKey.x, y: key.publicKey.y, prehash: prehash)
  }

  /// The 130 bytes of ``signature(over:)``.
  public func sign(_ digest: Hash32) async throws -> [UInt8] { try signature(over: digest).serialized }
  public var description: String { "P256Signer(\(address))" }
}
