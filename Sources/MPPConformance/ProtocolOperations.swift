import MPPCore

/// Headers and their objects. `request` is decoded in objects, `opaque` stays the text it is.
enum ProtocolOperations {
  // MARK: Challenges

  static func parseChallenge(_ input: ConformanceInput) throws -> JSONValue {
    let challenge = try Challenge(parsing: try input.only("header"))
    // The reference takes an empty realm; a harness wants to hear about it.
    guard !challenge.realm.isEmpty else { throw input.failure("empty parameter: realm") }
    return challenge.object
  }

  static func formatChallenge(_ input: ConformanceInput) throws -> JSONValue {
    let challenge = try challenge(input.object("challenge"))
    let header = try challenge.serialized()
    guard try Challenge(parsing: header) == challenge else { throw input.failure("not a challenge") }
    return .string(header)
  }

  /// `secretKey realm method intent request expires digest opaque`; `request` is the object or its base64url text,
  /// `opaque` the text or, also as `meta`, the map.
  static func challengeID(_ input: ConformanceInput) throws -> JSONValue {
    let parameters = try parameters(input.object("challenge"))
    let secret = Secret(try input.text("secretKey"))
    return .string(ChallengeMAC(secrets: SecretRing(unchecked: secret)).id(for: parameters))
  }

  private static func challenge(_ input: ConformanceInput) throws -> Challenge {
    let id = try input.text("id")
    guard !id.isEmpty else { throw input.failure("empty id") }
    return Challenge(id: id, parameters: try parameters(input))
  }

  private static func parameters(_ input: ConformanceInput) throws -> ChallengeParameters {
    let realm = try input.text("realm")
    guard !realm.isEmpty else { throw input.failure("empty realm") }
    let request = try input.require("request")
    let opaque = input.optional("opaque", "meta")
    return ChallengeParameters(
      realm: realm, method: try input.text("method"), intent: try input.text("intent"),
      request: try request.stringValue.map { try RawRequest(encoded: $0) } ?? RawRequest(request),
      expires: try input.optionalText("expires"), description: try input.optionalText("description"),
      digest: try input.optionalText("digest"),
      opaque: try opaque.map { try $0.stringValue ?? ChallengeParameters.opaque($0) })
  }

  // MARK: Credentials

  static func parseCredential(_ input: ConformanceInput) throws -> JSONValue {
    let header = try input.only("header")
    let credential = try Credential(parsing: header)
    var members: [JSONValue.Member] = [
      .init(key: "challenge", value: credential.challenge.object),
      .init(key: "payload", value: credential.payload),
    ]
    if let source = credential.source { members.append(.init(key: "source", value: .string(source.text))) }
    return .object(members)
  }

  static func formatCredential(_ input: ConformanceInput) throws -> JSONValue {
    let input = input.object("credential")
    guard case .object = try input.require("challenge") else { throw input.failure("no challenge") }
    let challenge = try challenge(input.object("challenge"))
    // What cannot be a header cannot be echoed from one.
    _ = try challenge.serialized()
    let payload = try input.require("payload")
    guard case .object = payload else { throw input.failure("payload is not an object") }
    let source = try input.optionalText("source")
    let header = Credential(
      challenge: challenge, payload: payload, source: source.map { UnverifiedSource($0) }
    ).serialized()
    guard try Credential(parsing: header).challenge == challenge else {
      throw input.failure("not a credential")
    }
    return .string(header)
  }

  // MARK: Receipts

  /// The base members, and everything else under `extra`.
  static func parseReceipt(_ input: ConformanceInput) throws -> JSONValue {
    let receipt = try Receipt(parsing: try input.only("header"))
    let extra = receipt.extra
    var members = receipt.members.filter { member in !extra.contains { $0.key == member.key } }
    if !extra.isEmpty { members.append(.init(key: "extra", value: .object(extra))) }
    return .object(members)
  }

  static func formatReceipt(_ input: ConformanceInput) throws -> JSONValue {
    guard case .object(let members) = input.object("receipt").value else { throw input.failure("no receipt") }
    var flat: [JSONValue.Member] = []
    for member in members {
      guard member.key == "extra" else {
        flat.append(member)
        continue
      }
      guard let extra = member.value.objectValue else { throw input.failure("extra is not an object") }
      flat += extra
    }
    return .string(try Receipt(members: flat).serialized())
  }

  // MARK: base64url

  static func decode(_ input: ConformanceInput) throws -> JSONValue {
    let bytes = try Base64URL.decode(try input.only("text"))
    guard let text = String(validating: bytes, as: UTF8.self) else { throw input.failure("not UTF-8") }
    return .string(text)
  }
}
