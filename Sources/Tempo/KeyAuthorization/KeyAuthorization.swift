public import EVM

/// A signed key authorization as a transaction carries it (`02` §9.2).
///
/// The outer shape is checked and the bytes are kept as they came: limits and call scopes have forms that
/// mean different things to different writers and must never be rewritten.
public struct KeyAuthorization: Sendable, Hashable {
  public let chainID: UInt64
  public let keyType: PrimitiveSignature.Kind
  public let keyID: Address
  /// Signature of the root account, or of an admin key.
  public let signature: PrimitiveSignature
  let authorization: RLPItem

  /// Parses `rlp([authorization, signature])`.
  public init(parsing bytes: [UInt8]) throws(TempoError) {
    try self.init(item: try RLPFields.decode(bytes[...]))
  }

  init(item: RLPItem) throws(TempoError) {
    let parts = try RLPFields.list(item, count: 2, "keyAuthorization")
    let fields = try RLPFields.list(parts[0], "keyAuthorization.authorization")
    guard (3...9).contains(fields.count) else { throw .invalidField("keyAuthorization.authorization") }
    chainID = try RLPFields.uint64(fields[0], "keyAuthorization.chainId")
    let type = try RLPFields.uint64(fields[1], "keyAuthorization.keyType")
    guard type <= 2, let kind = PrimitiveSignature.Kind(rawValue: UInt8(type)) else {
      throw .invalidField("keyAuthorization.keyType")
    }
    keyType = kind
    keyID = try RLPFields.address(fields[2], "keyAuthorization.keyId")
    if fields.count > 3, fields[fields.count - 1] == .bytes([]) {
      // Trailing optionals are cut; a placeholder in the last place is not canonical.
      throw .invalidField("keyAuthorization.authorization")
    }
    signature = try PrimitiveSignature(
      parsing: try RLPFields.bytes(parts[1], "keyAuthorization.signature"))
    authorization = parts[0]
  }

  var item: RLPItem { .list([authorization, .bytes(signature.serialized)]) }

  /// `rlp([authorization, signature])`, the bytes that were parsed.
  public var serialized: [UInt8] { RLP.encode(item) }

  /// `H(rlp(authorization))`: what the root key signed.
  public var hash: Hash32 { Keccak256.hash(RLP.encode(authorization)) }
}
