public import EVM
import MPPCore
import Tempo

/// The one check of voucher signatures, with the rules of the chain: whatever passes here can be settled,
/// in the bytes that passed (`04` §4.2).
///
/// A pure function. It says who signed a digest, nothing about amounts: bounds and order of vouchers are
/// checked before, because a signature costs thirty times what they do.
public enum VoucherVerifier {
  /// Throws unless `signature` is a canonical primitive signature over `digest` by `signer`.
  ///
  /// Refused are wrappers of access keys, trailers, other lengths, `v` other than 27/28, a prehash byte
  /// above 1, high `s` on both curves, and passkey assertions that the node would not read.
  ///
  /// - Parameters:
  ///   - digest: `Voucher.digest(domain:)`.
  ///   - signer: `ChannelDescriptor.effectiveSigner` of the channel.
  ///   - cachedKey: the key an earlier voucher of the channel returned. One of another address is not used.
  /// - Returns: the signer's secp256k1 key to keep beside the channel, `nil` for other kinds of keys.
  @discardableResult
  public static func verify(
    signature: [UInt8], digest: Hash32, signer: Address, cachedKey: Secp256k1PublicKey? = nil
  ) throws(VoucherSignatureError) -> Secp256k1PublicKey? {
    let parsed: PrimitiveSignature
    do {
      parsed = try PrimitiveSignature(parsing: signature)
    } catch {
      throw VoucherSignatureError(error)
    }
    switch parsed {
    case .secp256k1(let signature):
      return try verify(signature, digest: digest, signer: signer, cachedKey: cachedKey)
    case .p256(let signature):
      guard signature.claimedAddress == signer else { throw .wrongSigner }
      guard signature.isValid(for: digest) else { throw .invalid }
      return nil
    case .webAuthn(let assertion):
      guard assertion.claimedAddress == signer else { throw .wrongSigner }
      guard assertion.isValid(for: digest) else { throw .invalid }
      return nil
    }
  }

  private static func verify(
    _ signature: RecoverableSignature, digest: Hash32, signer: Address, cachedKey: Secp256k1PublicKey?
  ) throws(VoucherSignatureError) -> Secp256k1PublicKey {
    if let cachedKey, cachedKey.address == signer {
      guard Secp256k1.verify(digest, signature, key: cachedKey) else { throw .wrongSigner }
      return cachedKey
    }
    let key: Secp256k1PublicKey
    do {
      key = try Secp256k1.recover(digest, signature)
    } catch {
      throw error == .highS ? .highS : .invalid
    }
    guard key.address == signer else { throw .wrongSigner }
    return key
  }
}
