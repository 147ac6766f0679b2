import Crypto

/// A secret of P-256. It is never printed.
public struct P256PrivateKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible,
  CustomReflectable
{
  private let key: P256.Signing.PrivateKey
  /// The point that belongs to the secret.
  public let publicKey: P256PublicKey

  /// 32 bytes, 1 … n−1.
  public init(_ bytes: [UInt8]) throws(EVMError) {
    guard bytes.count == 32 else { throw EVMError.invalidLength(expected: 32, actual: bytes.count) }
    do {
      key = try P256.Signing.PrivateKey(rawRepresentation: bytes)
    } catch {
      throw EVMError.invalidPrivateKey
    }
    let point = Array(key.publicKey.rawRepresentation)
    publicKey = try P256PublicKey(x: Hash32(point.prefix(32)), y: Hash32(point.suffix(32)))
  }

  /// Of the public key.
  public var address: Address { publicKey.address }

  /// Low `s`. The nonce is random, so two signatures over one digest differ; both verify.
  public func sign(_ digest: Hash32, prehash: Bool = false) throws(EVMError) -> P256Signature {
    let raw: [UInt8]
    do {
      raw = try Array(
        prehash
          ? key.signature(for: SHA256.hash(data: digest.bytes)).rawRepresentation
          : key.signature(for: PrehashedDigest(digest)).rawRepresentation)
    } catch {
      throw EVMError.invalidPrivateKey
    }
    return try P256Signature(r: Hash32(raw.prefix(32)), s: Hash32(raw.suffix(32))).normalized()
  }

  public var description: String { "P256PrivateKey(\(address))" }
  /// The address: the secret stays out of dumps and logs.
  public var debugDescription: String { description }
  /// The address alone: the secret stays out of dumps and logs.
  public var customMirror: Mirror { Mirror(self, children: ["address": address]) }
}
