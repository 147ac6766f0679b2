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
  if vector.error != nil {
    // Every challenge alone: those that can be read are what a header with a broken one is worth to us.
    let parts = paymentParts(header)
    let good = parts.compactMap { try? Challenge(parsing: $0) }
    guard !good.isEmpty else {
      // Refused as a whole, or a list without any.
      guard let list = try? Challenge.parse(header: header) else { return }
      try Tally.expect(list.challenges.count, 0, "challenges")
      return
    }
    vector.differs(.brokenChallengeSkipped)
    let list = try Challenge.parse(header: header)
    try Tally.expect(list.challenges, good, "challenges")
    try Tally.expect(list.diagnostics.count, parts.count - good.count, "diagnostics")
    return
  }
  let list = try Challenge.parse(header: header)
  try Tally.expect(list.diagnostics, [], "diagnostics")
  try Tally.expect(
    .array(list.challenges.map(\.object)), try vector.require("result"), "result")
}

/// Which challenges of a header are broken is read off the header, not off the name of its case.
@Test func brokenChallengesAreFoundWhereverTheyStand() throws {
  func challenge(_ id: String, _ rest: String = "") -> String {
    "Payment id=\"\(id)\", realm=\"a, Payment b\", method=\"tempo\", intent=\"charge\", request=\"e30\"\(rest)"
  }
  let error: JSONValue = ["name": "Error", "message": "Missing request parameter."]
  let (good, broken) = (challenge("x", ", description=\"\\\", Payment \""), "Payment id=\"y\"")
  for parts in [[broken, good], [good, broken, good], [broken, broken, good], [good, "Bearer x", broken]] {
    let header = parts.joined(separator: ", ")
    let vector = VectorCase(label: header, value: ["header": .string(header), "error": error])
    try parseList(vector)
    #expect(vector.takeDifferences() == [.brokenChallengeSkipped], "\(header)")
  }
  for header in [broken, "\(broken), \(broken)", "Bearer x"] {
    let vector = VectorCase(label: header, value: ["header": .string(header), "error": error])
    try parseList(vector)
    #expect(vector.takeDifferences().isEmpty, "\(header)")
  }
}

/// The parts of a header that begin with the scheme `Payment`, found by the commas outside of quotes.
func paymentParts(_ header: String) -> [String] {
  var pieces: [[UInt8]] = [[]]
  var (isQuoted, isEscaped) = (false, false)
  for byte in header.utf8 {
    if isEscaped {
      isEscaped = false
    } else if isQuoted, byte == UInt8(ascii: "\\") {
      isEscaped = true
    } else if byte == UInt8(ascii: "\"") {
      isQuoted.toggle()
    } else if !isQuoted, byte == UInt8(ascii: ",") {
      pieces.append([])
      continue
    }
    pieces[pieces.count - 1].append(byte)
  }
  var parts: [String] = []
  for piece in pieces.map({ String(decoding: $0.drop { $0 == 0x20 }, as: UTF8.self) }) {
    if piece.lowercased().hasPrefix("payment ") {
      parts.append(piece)
    } else if !parts.isEmpty {
      parts[parts.count - 1] += "," + piece
    }
  }
  return parts
}
