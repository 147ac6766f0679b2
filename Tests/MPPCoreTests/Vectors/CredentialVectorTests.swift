import MPPCore
import TestSupport
import Testing

@Test func credentialVectors() throws {
  var tally = try Tally(.credential)
  try tally.each("serialize", serialize)
  try tally.each("parse", parse)
  try tally.each("extract", extract)
  try tally.finish()
}

private func serialize(_ vector: VectorCase) throws {
  try vector.expectMembers(["name", "credential", "header"])
  let object = try vector.require("credential")
  guard let challenge = object["challenge"], let payload = object["payload"] else {
    throw VectorError("credential without challenge or payload")
  }
  let credential = Credential(
    challenge: try VectorChallenges.challenge(challenge), payload: payload,
    source: object["source"]?.stringValue.map { UnverifiedSource($0) })
  let header = try vector.string("header")
  try Tally.expect(credential.serialized(), header, "header")
  let parsed = try Credential(parsing: header)
  try Tally.expect(parsed.challenge, credential.challenge, "parsed challenge")
  try Tally.expect(parsed.payload, payload, "parsed payload")
  try Tally.expect(parsed.source, credential.source, "parsed source")
}

private func parse(_ vector: VectorCase) throws {
  try vector.expectMembers(["name", "header", "result", "error"])
  let header = try vector.string("header")
  if let error = vector.error {
    let expected: CredentialError =
      switch error["name"]?.stringValue {
      case "MissingPaymentSchemeError": .missingScheme
      case "InvalidCredentialEncodingError": .invalidEncoding
      default: throw VectorError("unknown error \(error)")
      }
    #expect(throws: expected, "\(vector)") { try Credential(parsing: header) }
    try Tally.expectRejected("header") { try Credential(parsing: header) }
    return
  }
  let result = try vector.require("result")
  let method = result["challenge"]?["method"]?.stringValue ?? ""
  let isSourceText = result["source"].map { $0.stringValue != nil } ?? true
  if !isSourceText || method != method.lowercased() {
    vector.differs(isSourceText ? .upperCaseMethod : .sourceNotText)
    try Tally.expectRejected("header") { try Credential(parsing: header) }
    return
  }
  let credential = try Credential(parsing: header)
  try Tally.expect(
    credential.challenge.object, VectorChallenges.withoutMeta(result["challenge"] ?? .null),
    "challenge")
  if let meta = result["challenge"]?["meta"] {
    try Tally.expect(try credential.challenge.opaqueMap(), meta, "meta")
  }
  try Tally.expect(credential.payload, result["payload"] ?? .null, "payload")
  try Tally.expect(credential.source?.text, result["source"]?.stringValue, "source")
}

private func extract(_ vector: VectorCase) throws {
  try vector.expectMembers(["name", "header", "result"])
  let header = try vector.string("header")
  let pieces = header.split(separator: ",").map { piece in piece.split(separator: " ").map { $0.lowercased() }
  }
  if pieces.count(where: { $0.count > 1 && $0[0] == "payment" }) > 1 {
    vector.differs(.twoCredentials)
    #expect(throws: CredentialError.multipleCredentials) { try Credential.extract(fromAuthorization: header) }
    return
  }
  try Tally.expect(
    try Credential.extract(fromAuthorization: header), try vector.require("result").stringValue, "result")
}
