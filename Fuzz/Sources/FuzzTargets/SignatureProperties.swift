@testable import EVM
@testable import MPPTempo
@testable import Tempo

/// Signature envelopes: what is accepted is written back the same, but for the tolerated `v`.
enum SignatureProperties {
  private static let digest = Keccak256.hash(utf8: "what the fuzzer signs")

  static func check(_ bytes: [UInt8]) throws {
    if let signature = try? PrimitiveSignature(parsing: bytes) {
      try require(signature.serialized == bytes, "a primitive signature has two encodings")
      if let signer = try? signature.signer(of: digest) {
        try require(try signature.claimedSigner(of: digest) == signer, "the claimed signer is another")
      }
    }
    guard let envelope = try? SignatureEnvelope(parsing: bytes) else { return }
    let written = envelope.serialized
    try require(written.count == bytes.count, "an envelope changes its length")
    try require(
      written == bytes || (written.dropLast() == bytes.dropLast() && bytes[bytes.count - 1] <= 1),
      "an envelope has two encodings")
    try require(try SignatureEnvelope(parsing: written) == envelope, "parse ∘ serialize changes an envelope")
    _ = try? envelope.recover(digest)
    _ = envelope.rpcForm
  }
}

/// Voucher signatures: nobody but the holder of a key signs for its address.
enum VoucherProperties {
  private static let digest = Keccak256.hash(utf8: "a voucher that nobody has signed")
  private static let signer = Address(truncating: Keccak256.hash(utf8: "a signer that has no key"))

  static func check(_ bytes: [UInt8]) throws {
    var claimed = signer
    // With the address that a carried key claims, so that the verification itself is reached.
    if let parsed = try? PrimitiveSignature(parsing: bytes), parsed.kind != .secp256k1 {
      claimed = (try? parsed.claimedSigner(of: digest)) ?? signer
    }
    let accepted = (try? VoucherVerifier.verify(signature: bytes, digest: digest, signer: claimed)) != nil
    try require(!accepted, "a voucher passes without a signature")
  }
}
