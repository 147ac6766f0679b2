public import EVM

/// A passkey assertion (`02` §3.2, §3.6). The layout is the node's: the first 37 bytes are the authenticator
/// data, the client data follows, and the flags allow nothing that would move that border.
public struct WebAuthnSignature: Sendable, Hashable {
  /// `rpIdHash(32) ‖ flags(1) ‖ signCount(4)`.
  public let authenticatorData: [UInt8]
  public let clientDataJSON: [UInt8]
  public let r: Hash32
  public let s: Hash32
  public let x: Hash32
  public let y: Hash32

  /// Length of the body, which is everything after the type byte.
  public static let bodyLength = 128...2048
  private static let authenticatorDataLength = 37

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
    guard clientDataJSON.first == UInt8(ascii: "{"), clientDataJSON.last == UInt8(ascii: "}") else {
      throw .signature(.malformedWebAuthn)
    }
  }

  public var serialized: [UInt8] {
    [0x02] + authenticatorData + clientDataJSON + SignatureWords(r: r, s: s, x: x, y: y).bytes
  }

  /// The address of the carried key. It says who signed only after the assertion has been verified.
  public var claimedAddress: Address { SignatureWords.address(x: x, y: y) }
}
