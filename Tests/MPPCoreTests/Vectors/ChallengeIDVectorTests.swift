import MPPCore
import TestSupport
import Testing

@Test func challengeIDVectors() throws {
  let file = try VectorFile.load("challenge-id.json")
  try file.expectGroups(["create", "verify"])
  var tally = Tally(file)
  for vector in try file.group("create") { tally.run(vector) { try create(vector) } }
  for vector in try file.group("verify") { tally.run(vector) { try verify(vector) } }
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
  // Stricter than the reference: what could be confused under the MAC is not issued.
  guard VectorChallenges.isIssuable(parameters) else {
    try Tally.expectRejected("issue") { try mac.issue(parameters) }
    return
  }
  let issued = try mac.issue(parameters)
  try Tally.expect(issued.id, id, "issued id")
  try Tally.expect(
    VectorChallenges.object(issued), VectorChallenges.withoutMeta(try vector.require("challenge")),
    "challenge")
}

private func verify(_ vector: VectorCase) throws {
  try vector.expectMembers(["name", "secretKey", "challenge", "valid"])
  let challenge = try VectorChallenges.challenge(try vector.require("challenge"))
  let mac = mac(try vector.string("secretKey"))
  let valid = try vector.bool("valid")
  try Tally.expect(mac.matchesUnchecked(challenge), valid, "bare comparison")
  try Tally.expect(
    mac.verify(challenge), valid && VectorChallenges.isIssuable(challenge.parameters), "verify")
}
