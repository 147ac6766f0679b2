import MPPCore
import TestSupport
import Testing

@Test func challengeIDVectors() throws {
  var tally = try Tally(.challengeID)
  try tally.each("create", create)
  try tally.each("verify", verify)
  try tally.finish()
}

private func mac(_ secret: String) -> ChallengeMAC {
  ChallengeMAC(secrets: SecretRing(unchecked: Secret(secret)))
}

private func create(_ vector: VectorCase) throws {
  try vector.expectMembers(["name", "input", "requestParam", "hmacInput", "id", "challenge"])
  let input = try vector.require("input")
  let parameters = try VectorChallenges.parameters(input)
  let mac = mac(input["secretKey"]?.stringValue ?? "")
  let id = try vector.string("id")
  try Tally.expect(parameters.request.encoded, try vector.string("requestParam"), "requestParam")
  let message = String(decoding: ChallengeMAC.message(parameters), as: UTF8.self)
  try Tally.expect(message, try vector.string("hmacInput"), "hmacInput")
  try Tally.expect(mac.id(for: parameters), id, "id")
  let expected = try VectorChallenges.challenge(try vector.require("challenge"))
  if let meta = vector["challenge"]?["meta"] {
    try Tally.expect(try expected.opaqueMap(), meta, "meta")
  }
  guard VectorChallenges.isIssuable(parameters) else {
    vector.differs(.challengeNotIssuable)
    try Tally.expectRejected("issue") { try mac.issue(parameters) }
    return
  }
  let issued = try mac.issue(parameters)
  try Tally.expect(issued.id, id, "issued id")
  try Tally.expect(
    issued.object, VectorChallenges.withoutMeta(try vector.require("challenge")),
    "challenge")
}

private func verify(_ vector: VectorCase) throws {
  try vector.expectMembers(["name", "secretKey", "challenge", "valid"])
  let challenge = try VectorChallenges.challenge(try vector.require("challenge"))
  let mac = mac(try vector.string("secretKey"))
  let valid = try vector.bool("valid")
  try Tally.expect(mac.matchesUnchecked(challenge), valid, "bare comparison")
  guard VectorChallenges.isIssuable(challenge.parameters) else {
    if valid { vector.differs(.challengeNotIssuable) }
    try Tally.expect(mac.verify(challenge), false, "verify")
    return
  }
  try Tally.expect(mac.verify(challenge), valid, "verify")
}
