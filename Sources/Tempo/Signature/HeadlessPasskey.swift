import Crypto
public import EVM

/// A passkey without a device or a browser: a P-256 key in this process that writes the assertion a browser
/// would (`02` §3.6).
public struct HeadlessPasskey: Signer, CustomStringConvertible {
  private let key: P256PrivateKey
  private let authenticatorData: [UInt8]
  private let origin: String

  /// User present and user verified.
  private static let flags: UInt8 = 0x05

  /// - Parameters:
  ///   - relyingParty: the domain the key belongs to, `example.com`.
  ///   - origin: the page that asks, `https://example.com`.
  /// - Throws: `TempoError.invalidField` for an origin that would need escapes in JSON.
  public init(key: P256PrivateKey, relyingParty: String, origin: String) throws(TempoError) {
    guard origin.utf8.allSatisfy({ (0x21...0x7e).contains($0) && $0 != 0x22 && $0 != 0x5c }) else {
      throw .invalidField("origin")
    }
    self.key = key
    self.origin = origin
    let relyingPartyHash = Array(SHA256.hash(data: Array(relyingParty.utf8)))
    // The counter of signatures stays zero, as with keys that live on several devices.
    authenticatorData = relyingPartyHash + [Self.flags, 0, 0, 0, 0]
  }

  /// Of the key: the last 20 bytes of the hash of its coordinates.
  public var address: Address { key.address }

  /// The nonce is random: two assertions of one digest differ in `r` and `s` alone, and both verify.
  public func assertion(of digest: Hash32) throws -> WebAuthnSignature {
    let challenge = WebAuthnSignature.challengeText(digest)
    let clientDataJSON = Array(
      #"{"type":"webauthn.get","challenge":"\#(challenge)","origin":"\#(origin)","crossOrigin":false}"#.utf8)
    let signature = try key.sign(
      WebAuthnSignature.message(authenticatorData: authenticatorData, clientDataJSON: clientDataJSON))
    let words = SignatureWords(
      r: signature.r, s: signature.s, x: key.publicKey.x, y: key.publicKey.y)
    return try WebAuthnSignature(parsing: [0x02] + authenticatorData + clientDataJSON + words.bytes)
  }

  /// The assertion in its bytes, type byte `0x02` first; see ``assertion(of:)``.
  public func sign(_ digest: Hash32) async throws -> [UInt8] { try assertion(of: digest).serialized }
  public var description: String { "HeadlessPasskey(\(address))" }
}
