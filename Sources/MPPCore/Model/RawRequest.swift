/// The `request` of a challenge: the base64url text exactly as it was on the wire, which is what the
/// challenge id covers, and the JSON object it stands for.
public struct RawRequest: Sendable, Hashable {
  /// The default limit of the text, in characters (`11` §11).
  public static let maximumCharacters = 16_384

  /// The text as on the wire. Never re-encode it: the id covers these characters.
  public let encoded: String
  private let object: JSONValue

  /// Decodes a text from the wire. Throws when it is too long, not base64, not JSON, or not an object; an
  /// object with a key twice is refused (`01` §4.4).
  public init(
    encoded: String, maximumCharacters: Int = RawRequest.maximumCharacters
  ) throws(ChallengeError) {
    guard encoded.utf8.count <= maximumCharacters else { throw .requestTooLarge }
    do {
      let value = try JSONValue(parsing: try Base64URL.decode(encoded))
      guard case .object = value else { throw ChallengeError.invalidField("request") }
      self.encoded = encoded
      object = value
    } catch {
      throw .invalidField("request")
    }
  }

  /// Encodes an object canonically (RFC 8785), as a server does when it issues a challenge.
  public init(_ value: JSONValue) throws(ChallengeError) {
    guard case .object = value, let bytes = try? value.canonicalBytes() else {
      throw .invalidField("request")
    }
    encoded = Base64URL.encode(bytes)
    object = value
    guard encoded.utf8.count <= Self.maximumCharacters else { throw .requestTooLarge }
  }

  /// The decoded object.
  public func value() -> JSONValue {
    object
  }

  /// The canonical text of the object in base64url: equal to `encoded` unless the sender wrote it otherwise.
  package func canonicallyEncoded() throws(CanonicalJSONError) -> String {
    Base64URL.encode(try object.canonicalBytes())
  }

  private init(encoded: String, object: JSONValue) {
    self.encoded = encoded
    self.object = object
  }

  /// The same object under another spelling.
  func respelled(_ encoded: String) -> RawRequest {
    RawRequest(encoded: encoded, object: object)
  }

  /// Equal texts; two spellings of one object are different.
  public static func == (lhs: RawRequest, rhs: RawRequest) -> Bool {
    lhs.encoded.equalsBytes(of: rhs.encoded)
  }

  public func hash(into hasher: inout Hasher) {
    encoded.hashBytes(into: &hasher)
  }
}
