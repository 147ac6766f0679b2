import EVM
public import MPPCore
public import Tempo

/// The payload of a subscription credential (`07` §8): the whole signed key authorization, in hexadecimal.
public struct SubscriptionPayload: Sendable, Hashable {
  /// Well-formed and canonical. Nothing is verified: see ``SubscriptionAuthorization``.
  public let authorization: SignedKeyAuthorization

  /// The value of the member `type`.
  public static let type = "keyAuthorization"
  /// Digits of `signature` beyond which nothing is decoded.
  static let maximumDigits = 2 * 16_384

  /// - Parameter authorization: signed by the payer's account key.
  public init(_ authorization: SignedKeyAuthorization) { self.authorization = authorization }

  /// Reads `{"type":"keyAuthorization","signature":"0x…"}`; other members are dropped.
  ///
  /// Strict about the bytes: what would be written differently, or is followed by anything, is refused.
  public init(parsing value: JSONValue) throws(SubscriptionError) {
    guard value["type"]?.isText(Self.type) == true, let text = value["signature"]?.stringValue,
      text.utf8.count <= Self.maximumDigits, WireText.isHex(text)
    else { throw Self.invalid }
    let bytes: [UInt8]
    do { bytes = try Hex.decode(text) } catch { throw Self.invalid }
    do {
      authorization = try SignedKeyAuthorization(parsing: bytes)
    } catch {
      switch error {
      case .signature(.missing), .signature(.unsupportedKind):
        throw SubscriptionError("keyAuthorization must use a primitive signature")
      default: throw Self.invalid
      }
    }
  }

  private static let invalid = SubscriptionError("invalid keyAuthorization payload")

  /// `{"type":"keyAuthorization","signature":"0x…"}`, the bytes in lower-case hexadecimal.
  public var jsonValue: JSONValue {
    .object([
      .init(key: "type", value: .string(Self.type)),
      .init(key: "signature", value: .string(Hex.encode(authorization.serialized))),
    ])
  }
}
