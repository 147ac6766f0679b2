internal import CSecp256k1

/// A point of secp256k1 in the library's own form, and its address. Keep it beside a channel: verification
/// with it needs no parsing and no hash.
public struct Secp256k1PublicKey: Sendable, Hashable, CustomStringConvertible {
  let parsed: secp256k1_pubkey
  /// The last 20 bytes of the hash of `X ‖ Y`.
  public let address: Address

  init(parsed: secp256k1_pubkey) {
    self.parsed = parsed
    let point = Secp256k1.serialize(parsed, compressed: false)
    self.address = Address(truncating: Keccak256.hash(Array(point.dropFirst())))
  }

  /// `X ‖ Y`, 64 bytes. Throws `invalidPublicKey` for what is not on the curve.
  public init(uncompressed bytes: [UInt8]) throws(EVMError) {
    guard bytes.count == 64 else { throw EVMError.invalidLength(expected: 64, actual: bytes.count) }
    guard let parsed = Secp256k1.parse(serialized: [4] + bytes) else { throw EVMError.invalidPublicKey }
    self.init(parsed: parsed)
  }

  /// 33 bytes: `0x02` or `0x03` and X.
  public init(compressed bytes: [UInt8]) throws(EVMError) {
    guard bytes.count == 33 else { throw EVMError.invalidLength(expected: 33, actual: bytes.count) }
    guard let parsed = Secp256k1.parse(serialized: bytes) else { throw EVMError.invalidPublicKey }
    self.init(parsed: parsed)
  }

  /// `X ‖ Y`, 64 bytes.
  public var uncompressed: [UInt8] { Array(Secp256k1.serialize(parsed, compressed: false).dropFirst()) }
  /// 33 bytes.
  public var compressed: [UInt8] { Secp256k1.serialize(parsed, compressed: true) }
  public var description: String { "Secp256k1PublicKey(\(address))" }

  public static func == (a: Secp256k1PublicKey, b: Secp256k1PublicKey) -> Bool {
    Secp256k1.areEqual(a.parsed, b.parsed)
  }
  public func hash(into hasher: inout Hasher) { hasher.combine(address) }
}
