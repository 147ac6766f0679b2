import MPPCore
import TestSupport
import Testing

@Test func wwwAuthenticateVectors() throws {
  var tally = try Tally(.wwwAuthenticate)
  try tally.each("serialize", serialize)
  try tally.each("parse", parse)
  try tally.each("parseList", parseList)
  try tally.finish()
}

private func serialize(_ vector: VectorCase) throws {
  try vector.expectMembers(["name", "challenge", "header", "error"])
  let challenge = try VectorChallenges.challenge(try vector.require("challenge"))
  if vector.error != nil {
    try Tally.expectRejected("bare") { try challenge.serializedUnchecked() }
    try Tally.expectRejected("strict") { try challenge.serialized() }
    return
  }
  let header = try vector.string("header")
  let bare = try challenge.serializedUnchecked()
  let isLatin1 = header.unicodeScalars.contains { $0.value >= 0x80 }
  try Tally.expect(bare.utf8.contains { $0 >= 0x80 }, false, "non-ASCII in the header")
  if isLatin1 {
    vector.differs(.latin1Escaped)
    try Tally.expect(try Challenge(parsing: bare), try Challenge(parsing: header), "parsed header")
  } else {
    try Tally.expect(bare, header, "header")
  }
  guard VectorChallenges.isIssuable(challenge.parameters) else {
    vector.differs(.headerNotIssuable)
    try Tally.expectRejected("strict") { try challenge.serialized() }
    return
  }
  let strict = try challenge.serialized()
  try Tally.expect(try Challenge(parsing: strict), try Challenge(parsing: header), "strict header")
  try Tally.expect(strict.utf8.allSatisfy { (0x20...0x7E).contains($0) }, true, "visible ASCII")
}

private func parse(_ vector: VectorCase) throws {
  try vector.expectMembers(["name", "header", "result", "error"])
  let header = try vector.string("header")
  if vector.error != nil {
    try Tally.expectRejected("header") { try Challenge(parsing: header) }
    return
  }
  let challenge = try Challenge(parsing: header)
  try Tally.expect(
    challenge.object, VectorChallenges.withoutMeta(try vector.require("result")), "result")
  let list = try Challenge.parse(header: header)
  try Tally.expect(list.challenges.first, challenge, "first of the list")
}

private func parseList(_ vector: VectorCase) throws {
  try vector.expectMembers(["name", "header", "result", "error"])
  let header = try vector.string("header")
  if vector.name == "second one broken" {
    vector.differs(.brokenChallengeSkipped)
    let list = try Challenge.parse(header: header)
    try Tally.expect(list.challenges.count, 1, "challenges")
    try Tally.expect(list.diagnostics.count, 1, "diagnostics")
    return
  }
  if vector.error != nil {
    try Tally.expectRejected("header") { try Challenge.parse(header: header) }
    return
  }
  let list = try Challenge.parse(header: header)
  try Tally.expect(list.diagnostics, [], "diagnostics")
  try Tally.expect(
    .array(list.challenges.map(\.object)), try vector.require("result"), "result")
}
