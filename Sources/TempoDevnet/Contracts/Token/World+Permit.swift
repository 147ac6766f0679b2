import EVM

/// Allowances by signature (`02` §4.2, §8.1).
extension World {
  private static let permitTypeHash = Keccak256.hash(
    utf8: "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)")

  func tokenDomain(_ token: Address) -> Hash32 {
    EIP712Words.domain(
      name: tokens[token]?.name ?? "", version: "1", chainID: chainID, contract: token)
  }

  mutating func permit(_ token: Address, _ input: Calldata) throws(Revert) {
    charge(14_000)
    let (owner, spender) = (try input.address(0), try input.address(1))
    let (value, deadline) = (try input.uint256(2), try input.uint256(3))
    let v = try input.uint256(4)
    let signature = try input.word(5).bytes + input.word(6).bytes
    guard deadline >= UInt256(context.timestamp) else { throw Revert.permitExpired }
    let nonce = storage[.permitNonce(token: token, owner: owner)]
    let digest = EIP712Words.digest(
      domain: tokenDomain(token),
      [UInt256(Self.permitTypeHash), UInt256(owner.word), UInt256(spender.word), value, nonce, deadline])
    guard let v = v.uint64, v == 27 || v == 28,
      SignatureRules.secp256k1Signer(of: digest, signature: signature + [UInt8(v)]) == owner
    else { throw Revert.invalidSignature }
    // Counts up by one for each signature that was made: it cannot wrap.
    storage[.permitNonce(token: token, owner: owner)] = UInt256((nonce.uint64 ?? 0) &+ 1)
    storage[.allowance(token: token, owner: owner, spender: spender)] = value
    emit(token, [Topic.approval, owner.word, spender.word], Words.encode(value))
  }
}
