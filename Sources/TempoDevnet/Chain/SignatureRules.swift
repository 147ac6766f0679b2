import EVM

/// The chain's own signature rules over the curve arithmetic it shares with the SDK: low `s`, exact lengths,
/// exact recovery bytes.
enum SignatureRules {
  private static let halfOrder: [UInt8] =
    [0x7f] + [UInt8](repeating: 0xff, count: 15) + [
      0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
    ]

  /// A 65-byte signature with `v` 0 or 1 becomes the same with 27 or 28; the chain hashes that form.
  static func normalised(_ envelope: [UInt8]) -> [UInt8] {
    guard envelope.count == 65, envelope[64] <= 1 else { return envelope }
    return envelope.dropLast() + [envelope[64] + 27]
  }

  /// Who signed a transaction or sponsored one; `nil` for anything but a sound secp256k1 signature.
  static func signer(of digest: Hash32, signature: [UInt8]) -> Address? {
    guard signature.count == 65, signature[64] == 27 || signature[64] == 28 else { return nil }
    guard !halfOrder.lexicographicallyPrecedes(signature[32..<64]) else { return nil }
    do {
      let parsed = try RecoverableSignature(bytes65: signature)
      return try Secp256k1.recover(digest, parsed).address
    } catch {
      return nil
    }
  }

  /// Who signed a voucher: a canonical primitive, here secp256k1 with `v` 27 or 28 (`02` §11.4).
  static func voucherSigner(of digest: Hash32, signature: [UInt8]) -> Address? {
    signer(of: digest, signature: signature)
  }
}
