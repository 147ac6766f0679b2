import Crypto
public import EVM

/// A passkey assertion (`02` §3.2, §3.6). The layout is the node's: the first 37 bytes are the authenticator
/// data, the client data follows, and the flags allow nothing that would move that border.
public struct WebAuthnSignature: Sendable, Hashable {
  /// `rpIdHash(32) ‖ flags(1) ‖ signCount(4)`.
  public let authenticatorData: [UInt8]
  /// As the browser wrote it; ``isValid(for:)`` compares its challenge with the digest.
  public let clientDataJSON: [UInt8]
  /// Above zero and below the group's order.
  public let r: Hash32
  /// Above zero and at most half the group's order.
  public let s: Hash32
  /// The public key's first coordinate; that it lies on the curve is checked by ``isValid(for:)``.
  public let x: Hash32
  /// The public key's second coordinate.
  public let y: Hash32
  private let clientData: WebAuthnClientData

  /// Length of the body, which is everything after the type byte.
  public static let bodyLength = 128...2048
  private static let authenticatorDataLength = 37

  /// Reads `0x02 ‖ authenticatorData ‖ clientDataJSON ‖ r ‖ s ‖ X ‖ Y` by the node's rules.
  ///
  /// - Throws: `length`, `unknownType`, `scalarOutOfRange`, `highS`, or `malformedWebAuthn` for flags or
  ///   client data the node would refuse. Nothing is verified.
  public init(parsing bytes: [UInt8]) throws(TempoError) {
    guard Self.bodyLength.contains(bytes.count - 1) else { throw .signature(.length) }
    guard bytes[0] == 0x02 else { throw .signature(.unknownType) }
    let data = bytes[1..<(bytes.count - 128)]
    guard data.count >= Self.authenticatorDataLength + 32 else { throw .signature(.malformedWebAuthn) }
    authenticatorData = Array(data.prefix(Self.authenticatorDataLength))
    clientDataJSON = Array(data.dropFirst(Self.authenticatorDataLength))
    let words = try SignatureWords(bytes.suffix(128))
    try CurveScalars.p256.check(r: words.r, s: words.s)
    (r, s, x, y) = (words.r, words.s, words.x, words.y)
    let flags = authenticatorData[32]
    // User present or verified; no attested credential data and no extensions.
    guard flags & 0x05 != 0, flags & 0xc0 == 0 else { throw .signature(.malformedWebAuthn) }
    do { clientData = try WebAuthnClientData(parsing: clientDataJSON) } catch {
      throw .signature(.malformedWebAuthn)
    }
  }

  /// Exactly the bytes that were parsed.
  public var serialized: [UInt8] {
    [0x02] + authenticatorData + clientDataJSON + SignatureWords(r: r, s: s, x: x, y: y).bytes
  }

  /// Whether the passkey asserted `digest`, by exactly the node's rules: relying party, origin, counter and
  /// the flags about backups are not looked at.
  public func isValid(for digest: Hash32) -> Bool {
    guard clientData.type == "webauthn.get", clientData.challenge == Self.challengeText(digest) else {
      return false
    }
    do {
      let message = try Self.message(authenticatorData: authenticatorData, clientDataJSON: clientDataJSON)
      return SignatureWords(r: r, s: s, x: x, y: y).isValid(for: message, prehash: false)
    } catch {
      return false
    }
  }

  /// `SHA-256(authenticatorData ‖ SHA-256(clientDataJSON))`: what the key signs.
  static func message(
    authenticatorData: [UInt8], clientDataJSON: [UInt8]
  ) throws(EVMError) -> Hash32 {
    let clientDataHash = SHA256.hash(data: clientDataJSON)
    return try Hash32(Array(SHA256.hash(data: authenticatorData + Array(clientDataHash))))
  }

  /// base64url without padding of the 32 bytes.
  static func challengeText(_ digest: Hash32) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    let bytes = digest.bytes + [0]
    var characters: [UInt8] = []
    for start in stride(from: 0, to: 33, by: 3) {
      let group = UInt32(bytes[start]) << 16 | UInt32(bytes[start + 1]) << 8 | UInt32(bytes[start + 2])
      for shift: UInt32 in [18, 12, 6, 0] { characters.append(alphabet[Int(group >> shift & 63)]) }
    }
    // 32 bytes are 43 characters; the last one came from the filling.
    return String(decoding: characters.dropLast(), as: UTF8.self)
  }

  /// The address of the carried key. It says who signed only after the assertion has been verified.
  public var claimedAddress: Address { SignatureWords.address(x: x, y: y) }
}
