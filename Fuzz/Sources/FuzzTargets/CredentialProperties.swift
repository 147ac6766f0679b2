@testable import MPPCore

/// `Authorization`: finding a credential in one pass or in two gives the same, and what is written again is the same
/// credential. Forgeries do not pass.
enum CredentialProperties {
  private static let mac = ChallengeMAC(secrets: FuzzSecret.ring)

  static func check(_ bytes: [UInt8]) throws {
    // A JSON text is put into a token, because a mutated token is hardly ever one.
    let header =
      bytes.first == UInt8(ascii: "{")
      ? "Payment " + Base64URL.encode(bytes) : String(decoding: bytes, as: UTF8.self)
    let found = Result { try Credential.find(inAuthorization: header) }
    let extracted = Result { try Credential.extract(fromAuthorization: header) }
    let inTwoSteps = extracted.flatMap { piece in
      Result { try piece.map { try Credential(parsing: $0) } }
    }
    switch (found, inTwoSteps) {
    case (.success(let one), .success(let other)):
      try require(one.map(text) == other.map(text), "find and extract give different credentials")
    case (.failure, .failure): break
    case (.success(let credential), .failure):
      try require(credential == nil, "find accepts what extract refuses")
    case (.failure, .success):
      try require(false, "extract accepts what find refuses")
    }
    guard case .success(let credential?) = found else { return }
    try require(!mac.verify(credential.challenge), "a forged credential passes the MAC")
    _ = credential.source?.account
    try agreesWithTree(credential, header)
    let written = credential.serialized()
    guard written.utf8.count <= Credential.maximumTokenCharacters else { return }
    let again = try Credential(parsing: written)
    try require(text(again) == text(credential), "parse ∘ serialize changes a credential")
    try require(again.serialized() == written, "the written credential is not stable")
    try require(again.payload == credential.payload, "the payload changes")
  }

  /// The reader without a tree accepts nothing that the parser of trees refuses, and reads the same.
  private static func agreesWithTree(_ credential: Credential, _ header: String) throws {
    guard let piece = try? Credential.extract(fromAuthorization: header),
      let space = piece.utf8.lastIndex(where: \.isHTTPSpace)
    else { return }
    let json = try Base64URL.decode(piece[piece.utf8.index(after: space)...])
    let tree = try JSONValue(
      parsing: json,
      limits: JSONLimits(maximumMembers: 128))
    try require(tree["payload"] ?? .null == credential.payload, "the payload is not that of the JSON text")
    let echo = tree["challenge"]
    try require(
      echo?["id"]?.stringValue?.hasBytes(of: credential.challenge.id) == true
        && echo?["realm"]?.stringValue?.hasBytes(of: credential.challenge.realm) == true
        && echo?["request"]?.stringValue?.hasBytes(of: credential.challenge.request.encoded) == true,
      "the echo is not that of the JSON text")
  }

  private static func text(_ credential: Credential) -> [UInt8] { credential.jsonValue.serializedBytes() }
}
