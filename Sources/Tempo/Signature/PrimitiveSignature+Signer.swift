public import EVM

extension PrimitiveSignature {
  /// The address of the key that signed `digest`, after verifying (`02` §3.3–§3.6). Throws when the
  /// signature does not verify.
  public func signer(of digest: Hash32) throws(TempoError) -> Address {
    switch self {
    case .secp256k1(let signature):
      do {
        return try Secp256k1.recover(digest, signature).address
      } catch {
        throw .signature(error == .highS ? .highS : .invalid)
      }
    case .p256(let signature):
      guard signature.isValid(for: digest) else { throw .signature(.invalid) }
      return signature.claimedAddress
    case .webAuthn(let assertion):
      guard assertion.isValid(for: digest) else { throw .signature(.invalid) }
      return assertion.claimedAddress
    }
  }

  /// The address the signature claims: recovered for secp256k1, of the carried key for the others.
  public func claimedSigner(of digest: Hash32) throws(TempoError) -> Address {
    switch self {
    case .secp256k1: try signer(of: digest)
    case .p256(let signature): signature.claimedAddress
    case .webAuthn(let signature): signature.claimedAddress
    }
  }
}
