import EVM

/// EIP-712, written out from `02` §4.1.
enum EIP712Words {
  static func domain(name: String, version: String, chainID: UInt64, contract: Address) -> Hash32 {
    let type = Keccak256.hash(
      utf8: "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
    let words = [
      type, Keccak256.hash(utf8: name), Keccak256.hash(utf8: version), UInt256(chainID).word, contract.word,
    ]
    return Keccak256.hash(Words.encode(words.map(UInt256.init)))
  }

  /// The words of the struct, its type hash first.
  static func digest(domain: Hash32, _ words: [UInt256]) -> Hash32 {
    let structHash = Keccak256.hash(Words.encode(words))
    return Keccak256.hash([0x19, 0x01] + domain.bytes + structHash.bytes)
  }
}
