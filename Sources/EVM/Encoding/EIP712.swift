/// Typed data signing (`02` §4). Struct hashes here are words only: nothing in the protocol nests structs.
public enum EIP712 {
  /// `H("EIP712Domain(string name,string version,uint256 chainId)")`
  public static let domainTypeHash = typeHash("EIP712Domain(string name,string version,uint256 chainId)")
  /// As above, with `address verifyingContract`.
  public static let contractDomainTypeHash = typeHash(
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")

  /// The hash of a type's text: one character more or less is another type.
  public static func typeHash(_ type: String) -> Hash32 { Keccak256.hash(utf8: type) }

  /// Constant for a chain and contract: keep it, do not compute it for every message.
  public static func domainSeparator(
    name: String, version: String, chainID: UInt64, verifyingContract: Address? = nil
  ) -> Hash32 {
    var words = [string(name), string(version), UInt256(chainID).word]
    if let verifyingContract { words.append(verifyingContract.word) }
    return structHash(
      typeHash: verifyingContract == nil ? domainTypeHash : contractDomainTypeHash, words: words)
  }

  /// A member of type `string`: its hash.
  public static func string(_ text: String) -> Hash32 { Keccak256.hash(utf8: text) }

  /// A member of type `bytes`: its hash.
  public static func bytes(_ bytes: [UInt8]) -> Hash32 { Keccak256.hash(bytes) }

  /// `H(typeHash ‖ words)`, the members in the order of the type.
  public static func structHash(typeHash: Hash32, words: [Hash32]) -> Hash32 {
    var hasher = Keccak256()
    hasher.update(typeHash)
    for word in words { hasher.update(word) }
    return hasher.finalize()
  }

  /// What is signed: `H(0x1901 ‖ domainSeparator ‖ structHash)`.
  public static func digest(domainSeparator: Hash32, structHash: Hash32) -> Hash32 {
    var hasher = Keccak256()
    hasher.update(byte: 0x19)
    hasher.update(byte: 0x01)
    hasher.update(domainSeparator)
    hasher.update(structHash)
    return hasher.finalize()
  }
}
