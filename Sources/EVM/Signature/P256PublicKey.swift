import Crypto

/// A point of P-256, as passkeys and some access keys have it. The address follows from the coordinates by
/// the same rule as on secp256k1 (`02` §3.3).
public struct P256PublicKey: Sendable, Hashable, CustomStringConvertible {
  /// First coordinate, 32 bytes big-endian.
  public let x: Hash32
  /// Second coordinate, 32 bytes big-endian.
  public let y: Hash32
  /// The last 20 bytes of the hash of `X ‖ Y`.
  public let address: Address
  private let key: P256.Signing.PublicKey

  /// Throws `invalidPublicKey` for what is not on the curve.
  public init(x: Hash32, y: Hash32) throws(EVMError) {
    do {
      key = try P256.Signing.PublicKey(rawRepresentation: x.bytes + y.bytes)
    } catch {
      throw EVMError.invalidPublicKey
    }
    self.x = x
    self.y = y
    self.address = Address(truncating: Keccak256.hash(x, y))
  }

  /// Whether the signature is valid and has a low `s`, as the chain asks (`02` §3.5). With `prehash` what
  /// was signed is the SHA-256 of the digest: the form of browser keys.
  public func verify(_ digest: Hash32, _ signature: P256Signature, prehash: Bool = false) -> Bool {
    guard !signature.isHighS else { return false }
    do {
      let parsed = try P256.Signing.ECDSASignature(
        rawRepresentation: signature.r.bytes + signature.s.bytes)
      return prehash
        ? key.isValidSignature(parsed, for: SHA256.hash(data: digest.bytes))
        : key.isValidSignature(parsed, for: PrehashedDigest(digest))
    } catch {
      return false
    }
  }

  public var description: String { "P256PublicKey(\(address))" }

  public static func == (a: P256PublicKey, b: P256PublicKey) -> Bool { a.x == b.x && a.y == b.y }
  public func hash(into hasher: inout Hasher) {
    hasher.combine(x)
    hasher.combine(y)
  }
}
