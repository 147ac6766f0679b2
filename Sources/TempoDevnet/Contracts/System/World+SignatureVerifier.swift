import EVM

/// The signature verifier, TIP-1020 (`02` §13): the rules of transaction signatures for whoever calls.
extension World {
  mutating func callSignatureVerifier(_ input: Calldata) throws(Revert) -> [UInt8] {
    charge(3_000)
    switch input.selector {
    case 0x1904_5a25:  // recover(bytes32,bytes)
      let signature = try input.byteString(1)
      guard SignatureRules.hasForm(signature) else { throw Revert.invalidFormat }
      guard let signer = SignatureRules.signerInCall(of: try input.word(0), signature: signature) else {
        throw Revert.invalidSignature
      }
      return Words.encode(signer)
    case 0x1a86_b550:  // verify(address,bytes32,bytes)
      let signature = try input.byteString(2)
      guard SignatureRules.hasForm(signature) else { throw Revert.invalidFormat }
      guard let signer = SignatureRules.signerInCall(of: try input.word(1), signature: signature) else {
        throw Revert.invalidSignature
      }
      return Words.encode(signer == (try input.address(0)))
    case 0x6c0c_731e:  // verifyKeychain(address,bytes32,bytes)
      let signer = try keychainSigner(input)
      let isActive = signer.map { key($0.account, $0.id).expiry > context.timestamp }
      return Words.encode(isActive ?? false)
    case Self.verifyKeychainAdmin:
      return Words.encode(try keychainSigner(input).map { isAdminKey($0.account, $0.id) } ?? false)
    default: throw Revert.unknownFunction(input.selector)
    }
  }

  /// `verifyKeychainAdmin(address,bytes32,bytes)`
  private static let verifyKeychainAdmin = Calldata.selector(
    "verifyKeychainAdmin(address,bytes32,bytes)")

  /// The access key that signed, inside the wrapper of transaction signatures; `nil` when the wrapper is
  /// another account's.
  private func keychainSigner(_ input: Calldata) throws(Revert) -> (account: Address, id: Address)? {
    let signature = SignatureRules.normalised(try input.byteString(2))
    guard SignatureRules.isKeychain(signature), signature.count > 21,
      SignatureRules.hasForm(Array(signature[21...]))
    else { throw Revert.invalidFormat }
    guard let signer = SignatureRules.sender(of: try input.word(1), signature: signature),
      let accessKey = signer.key
    else { throw Revert.invalidSignature }
    return signer.account == (try input.address(0)) ? (signer.account, accessKey.id) : nil
  }
}
