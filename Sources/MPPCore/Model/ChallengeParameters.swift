/// Everything of a challenge except its id.
public struct ChallengeParameters: Sendable {
  /// Protection space of the ids.
  public var realm: String
  /// Payment method, `tempo`.
  public var method: String
  /// `charge`, `session`, `subscription`.
  public var intent: String
  /// What has to be paid; the id covers its text as it stands.
  public var request: RawRequest
  /// RFC 3339 text; it is signed as it stands.
  public var expires: String?
  /// For people; the id does not cover it. Empty counts as absent.
  public var description: String?
  /// `sha-256=…` of the request body.
  public var digest: String?
  /// base64url of a canonical JSON object of strings; echoed byte for byte by clients.
  public var opaque: String?

  /// Checks nothing; ``ChallengeMAC/issue(_:)`` does.
  public init(
    realm: String, method: String, intent: String, request: RawRequest, expires: String? = nil,
    description: String? = nil, digest: String? = nil, opaque: String? = nil
  ) {
    self.realm = realm
    self.method = method
    self.intent = intent
    self.request = request
    self.expires = expires
    self.description = description.flatMap { $0.isEmpty ? nil : $0 }
    self.digest = digest
    self.opaque = opaque
  }

  /// The raw `opaque` of a map of strings: base64url of its canonical JSON.
  public static func opaque(_ map: JSONValue) throws(ChallengeError) -> String {
    guard Challenge.isStringMap(map), let bytes = try? map.canonicalBytes() else {
      throw .invalidField("opaque")
    }
    return Base64URL.encode(bytes)
  }

  /// What a server may issue: fields of the right form, and nothing in the signed ones that could be read as
  /// another challenge (`|` joins the fields under the MAC without escaping, `01` §4.4).
  func checkIssuable() throws(ChallengeError) {
    try checkFields()
    guard !realm.isEmpty else { throw .invalidField("realm") }
    try checkSignedCharacters()
    if let description, description.utf8.contains(where: { $0 == 0x0D || $0 == 0x0A }) {
      throw .invalidCharacter(field: "description")
    }
  }

  /// Forms that hold for every challenge, ours or not.
  func checkFields() throws(ChallengeError) {
    guard Challenge.isMethodName(method) else { throw .invalidMethod(method) }
    guard Challenge.isIntentName(intent) else { throw .invalidField("intent") }
    if let expires, !Timestamp.isWellFormed(expires) { throw .invalidField("expires") }
    if let digest, !digest.utf8.starts(with: "sha-256=".utf8) { throw .invalidField("digest") }
  }

  func checkSignedCharacters() throws(ChallengeError) {
    guard Challenge.isSignable(realm) else { throw .invalidCharacter(field: "realm") }
    guard Challenge.isSignable(method) else { throw .invalidCharacter(field: "method") }
    guard Challenge.isSignable(intent) else { throw .invalidCharacter(field: "intent") }
    guard Challenge.isSignable(request.encoded) else { throw .invalidCharacter(field: "request") }
    guard expires.map(Challenge.isSignable) ?? true else { throw .invalidCharacter(field: "expires") }
    guard digest.map(Challenge.isSignable) ?? true else { throw .invalidCharacter(field: "digest") }
    guard opaque.map(Challenge.isSignable) ?? true else { throw .invalidCharacter(field: "opaque") }
  }
}
