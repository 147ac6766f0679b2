import Crypto
import EVM
import MPPCore

/// The chain's own signature rules over the curve arithmetic it shares with the SDK (`02` §3): exact lengths,
/// exact recovery bytes, low `s` on both curves.
enum SignatureRules {
  /// Half the order of secp256k1.
  private static let halfOrder: [UInt8] =
    [0x7f] + [UInt8](repeating: 0xff, count: 15) + [
      0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
    ]

  /// Half the order of P-256.
  private static let halfOrderP256: [UInt8] =
    [0x7f, 0xff, 0xff, 0xff, 0x80, 0x00, 0x00, 0x00, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff] + [
      0xde, 0x73, 0x7d, 0x56, 0xd3, 0x8b, 0xcf, 0x42, 0x79, 0xdc, 0xe5, 0x61, 0x7e, 0x31, 0x92, 0xa8,
    ]

  /// A 65-byte signature with `v` 0 or 1, also inside a keychain wrapper, becomes the same with 27 or 28; the
  /// chain hashes that form.
  static func normalised(_ envelope: [UInt8]) -> [UInt8] {
    guard envelope.count == 65 || (isKeychain(envelope) && envelope.count == 21 + 65),
      let v = envelope.last, v <= 1
    else { return envelope }
    return envelope.dropLast() + [v + 27]
  }

  /// `04 ‖ account ‖ signature`, by its first byte; 65 bytes are always a bare signature.
  static func isKeychain(_ envelope: [UInt8]) -> Bool { envelope.count != 65 && envelope.first == 0x04 }

  /// The account that sends with this signature, and the access key if one signed for it (`02` §3.7).
  static func sender(
    of digest: Hash32, signature: [UInt8]
  ) -> (account: Address, key: ChainTransaction.AccessKey?)? {
    guard isKeychain(signature) else { return signer(of: digest, signature: signature).map { ($0, nil) } }
    guard signature.count > 21 else { return nil }
    let inner = Array(signature[21...])
    let bound = Keccak256.hash([0x04] + digest.bytes + signature[1..<21])
    guard let id = signer(of: bound, signature: inner) else { return nil }
    do {
      return (try Address(signature[1..<21]), ChainTransaction.AccessKey(id: id, type: kind(of: inner)))
    } catch {
      return nil
    }
  }

  /// The number that key records have for the kind of a signature.
  static func kind(of signature: [UInt8]) -> UInt8 {
    signature.count == 65 ? 0 : min(signature.first ?? 0, 2)
  }

  /// Whether the length and the type byte are those of a primitive signature.
  static func hasForm(_ signature: [UInt8]) -> Bool {
    if signature.count == 65 { return true }
    return switch signature.first {
    case 0x01: signature.count == 130
    case 0x02: (129...2_049).contains(signature.count)
    default: false
    }
  }

  /// Who signed: a secp256k1, P-256 or WebAuthn signature. `nil` for anything that is not exactly one.
  static func signer(of digest: Hash32, signature: [UInt8]) -> Address? {
    if signature.count == 65 { return secp256k1Signer(of: digest, signature: signature) }
    switch signature.first {
    case 0x01: return p256Signer(of: digest, signature: signature)
    case 0x02: return webAuthnSigner(of: digest, signature: signature)
    default: return nil
    }
  }

  /// As ``signer(of:signature:)``, for what a contract is given: `v` may also be 0 or 1 there (TIP-1020). Nothing else has asked for the
  /// canonical bytes.
  static func signerInCall(of digest: Hash32, signature: [UInt8]) -> Address? {
    signer(of: digest, signature: normalised(signature))
  }

  /// `r ‖ s ‖ v`; also the only kind a sponsor may use.
  static func secp256k1Signer(of digest: Hash32, signature: [UInt8]) -> Address? {
    guard signature.count == 65, signature[64] == 27 || signature[64] == 28 else { return nil }
    guard !halfOrder.lexicographicallyPrecedes(signature[32..<64]) else { return nil }
    do {
      let parsed = try RecoverableSignature(bytes65: signature)
      return try Secp256k1.recover(digest, parsed).address
    } catch {
      return nil
    }
  }

  /// `01 ‖ r ‖ s ‖ X ‖ Y ‖ prehash`. The node takes any non-zero prehash byte, but only 0 and 1 re-serialise to
  /// themselves, so nothing else is let in.
  private static func p256Signer(of digest: Hash32, signature: [UInt8]) -> Address? {
    guard signature.count == 130, signature[129] <= 1 else { return nil }
    let message = signature[129] == 0 ? digest.bytes : Array(SHA256.hash(data: digest.bytes))
    return p256Signer(ofMessageHash: message, words: signature[1..<129])
  }

  /// `02 ‖ authenticator data ‖ client data ‖ r ‖ s ‖ X ‖ Y` (`02` §3.6).
  private static func webAuthnSigner(of digest: Hash32, signature: [UInt8]) -> Address? {
    let content = signature.dropFirst()
    guard (128...2_048).contains(content.count) else { return nil }
    let data = content.dropLast(128)
    guard data.count >= 37 + 32 else { return nil }
    let authenticator = data.prefix(37)
    let flags = authenticator[authenticator.startIndex + 32]
    let isPresentOrVerified = flags & 0x05 != 0
    let hasAttachments = flags & 0xc0 != 0
    guard isPresentOrVerified, !hasAttachments else { return nil }
    let client = Array(data.dropFirst(37))
    guard names(digest, clientData: client) else { return nil }
    let message = SHA256.hash(data: authenticator + Array(SHA256.hash(data: client)))
    return p256Signer(ofMessageHash: Array(message), words: content.suffix(128))
  }

  private static func names(_ digest: Hash32, clientData: [UInt8]) -> Bool {
    do {
      let json = try JSONValue(parsing: clientData)
      return json["type"]?.isText("webauthn.get") == true
        && json["challenge"]?.isText(Base64URL.encode(digest.bytes)) == true
    } catch {
      return false
    }
  }

  /// `r ‖ s ‖ X ‖ Y`; the key is on the curve and `s` is low.
  private static func p256Signer(ofMessageHash message: [UInt8], words: ArraySlice<UInt8>) -> Address? {
    do {
      let parts = try (0..<4).map { index in
        try Hash32(words[(words.startIndex + index * 32)..<(words.startIndex + index * 32 + 32)])
      }
      guard !halfOrderP256.lexicographicallyPrecedes(parts[1].bytes) else { return nil }
      let key = try P256PublicKey(x: parts[2], y: parts[3])
      let signature = try P256Signature(r: parts[0], s: parts[1])
      guard key.verify(try Hash32(message), signature) else { return nil }
      return Address(
        truncating: Keccak256.hash(parts[2].bytes + parts[3].bytes))
    } catch {
      return nil
    }
  }
}
