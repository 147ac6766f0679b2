@testable import MPPCore
@testable import MPPTempo

/// The short cuts of a paid request against the long way: a challenge that was authenticated before is not decoded
/// again, and vouchers are read off the text. The input is what follows the challenge in the JSON text of a credential
/// (`,"payload":…}`).
enum KnownChallengeProperties {
  private struct Scene {
    let mac = ChallengeMAC(secrets: FuzzSecret.ring)
    let authenticator: CredentialAuthenticator
    /// JSON texts up to the end of the challenge, of lengths that end at each place of a base64 group.
    var heads: [[UInt8]] = []

    init() {
      authenticator = CredentialAuthenticator(mac: mac)
      for realm in ["api", "api.example", "api.example.com"] {
        let request = JSONValue.object([
          .init(key: "amount", value: "100"),
          .init(key: "unitType", value: .string(String(repeating: "u", count: 200))),
        ])
        guard let raw = try? RawRequest(request),
          let challenge = try? mac.issue(
            ChallengeParameters(
              realm: realm, method: "tempo", intent: "session", request: raw, expires: "2030-01-01T00:00:00Z")
          )
        else { preconditionFailure("the fuzzer's challenge cannot be issued") }
        let credential = Credential(challenge: challenge, payload: .null)
        let text = credential.jsonValue.serializedBytes()
        heads.append(Array(text.dropLast(",\"payload\":null}".utf8.count)))
        let header = credential.serialized()
        guard
          let found = try? authenticator.find(
            inAuthorization: header, maximumTokenCharacters: Credential.maximumTokenCharacters),
          (try? authenticator.authenticate(found, header: header)) != nil
        else { preconditionFailure("the fuzzer's credential is not authentic") }
      }
    }
  }

  private static let scene = Scene()

  static func check(_ bytes: [UInt8]) throws {
    for head in scene.heads { try check(header: "Payment " + Base64URL.encode(head + bytes)) }
    if let value = try? JSONValue(parsing: bytes), case .object = value {
      try check(
        header: "Payment " + Base64URL.encode(scene.heads[0] + Array(",\"payload\":".utf8) + bytes + [0x7D]))
    }
  }

  private static func check(header: String) throws {
    let limit = Credential.maximumTokenCharacters
    let long = Result { try Credential.find(inAuthorization: header, maximumTokenCharacters: limit) }
    let short = Result {
      try scene.authenticator.find(inAuthorization: header, maximumTokenCharacters: limit)
    }
    switch (long, short) {
    case (.failure(let one), .failure(let other)):
      try require("\(one)" == "\(other)", "the short way fails with \(other), the long way with \(one)")
    case (.success(nil), .success(nil)): break
    case (.success(let credential?), .success(let found?)):
      try agree(credential, found.credential)
      let proved = (try? scene.mac.authenticate(credential))?.credential
      let known = (try? scene.authenticator.authenticate(found, header: header))?.credential
      try require((proved == nil) == (known == nil), "the short way authenticates something else")
      if let proved, let known { try agree(proved, known) }
    default: try require(false, "one way finds a credential, the other does not")
    }
  }

  private static func agree(_ left: Credential, _ right: Credential) throws {
    try require(
      left.jsonValue.serializedBytes() == right.jsonValue.serializedBytes(),
      "the two ways read different credentials")
    let tree = Result { try SessionPayload(parsing: left.payload) }
    let text = Result { try SessionPayload(parsing: right) }
    switch (tree, text) {
    case (.success(let one), .success(let other)):
      try require(one == other, "a payload read off the text differs")
    case (.failure(let one), .failure(let other)):
      try require(
        "\(one)" == "\(other)", "a payload read off the text fails with \(other), the tree with \(one)")
    default: try require(false, "a payload is accepted off the text or as a tree, not both")
    }
    let named = left.payload["action"]?.nameValue.flatMap(SessionAction.init(rawValue:))
    try require(SessionPayload.action(of: right) == named, "the action read off the text differs")
  }
}
