/// The payer's answer to a challenge: the whole challenge echoed, a payload that only the method understands,
/// and who the payer claims to be (`01` §5). A credential is worth money: its description shows neither
/// payload nor source.
public struct Credential: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// The default limit of the token, in characters (`11` §11).
  public static let maximumTokenCharacters = 65_536

  /// As the payer echoes it; not verified before ``ChallengeMAC/authenticate(_:)``.
  public private(set) var challenge: Challenge
  /// Who the payer claims to be; nil when it claims nothing.
  public let source: UnverifiedSource?
  private let content: Payload

  private enum Payload {
    case tree(JSONValue)
    case raw(RawJSON)
  }

  /// Checks nothing; the method defines what `payload` holds.
  public init(challenge: Challenge, payload: JSONValue, source: UnverifiedSource? = nil) {
    self.challenge = challenge
    self.content = .tree(payload)
    self.source = source
  }

  init(challenge: Challenge, rawPayload: RawJSON, source: UnverifiedSource?) {
    self.challenge = challenge
    self.content = .raw(rawPayload)
    self.source = source
  }

  /// `null` when the credential has none; the payload of the method decides whether that is right. Made at each call when the
  /// credential was received.
  public var payload: JSONValue {
    switch content {
    case .tree(let value): value
    case .raw(let raw): raw.value()
    }
  }

  /// The payload as it was received; nil when the credential was not.
  package var rawPayload: RawJSON? {
    if case .raw(let raw) = content { raw } else { nil }
  }

  /// The same claims under a challenge that was authenticated.
  func with(_ challenge: Challenge) -> Credential {
    var credential = self
    credential.challenge = challenge
    return credential
  }

  mutating func replaceRequest(_ request: RawRequest) {
    guard request != challenge.request else { return }
    var parameters = challenge.parameters
    parameters.request = request
    challenge = Challenge(
      id: challenge.id, parameters: parameters, credentialHeader: challenge.credentialHeader)
  }

  /// The header value, `Payment ` and base64url of the JSON text in the reference's member order.
  public func serialized() -> String {
    "Payment " + Base64URL.encode(jsonValue.serializedBytes())
  }

  /// The JSON object inside the token.
  public var jsonValue: JSONValue {
    var echo: [JSONValue.Member] = []
    func add(_ key: String, _ value: String?) {
      if let value { echo.append(.init(key: key, value: .string(value))) }
    }
    add("description", challenge.description)
    add("digest", challenge.digest)
    add("expires", challenge.expires)
    add("id", challenge.id)
    add("intent", challenge.intent)
    add("method", challenge.method)
    add("realm", challenge.realm)
    add("opaque", challenge.opaque)
    add("request", challenge.request.encoded)
    var members: [JSONValue.Member] = [
      .init(key: "challenge", value: .object(echo)), .init(key: "payload", value: payload),
    ]
    if let source, !source.text.isEmpty {
      members.append(.init(key: "source", value: .string(source.text)))
    }
    return .object(members)
  }

  public var description: String {
    "Credential(method: \(challenge.method), intent: \(challenge.intent), challenge: \(challenge.id))"
  }

  /// As `description`: shows neither payload nor source.
  public var debugDescription: String { description }
  /// Without children, so that a dump shows neither payload nor source.
  public var customMirror: Mirror { Mirror(self, children: []) }
}
