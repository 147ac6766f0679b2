import MPPCore
import TestSupport
import Testing

@Test func canonicalJSONVectors() throws {
  var tally = try Tally(.canonicalJSON)
  for vector in try tally.file.group("cases") {
    tally.run(vector) {
      try vector.expectMembers(["name", "input", "canonical", "base64url"])
      let (input, canonical) = (try vector.string("input"), try vector.string("canonical"))
      let hasLoneSurrogate = canonical.contains("\\ud")
      if hasLoneSurrogate || colons(input) != colons(canonical) {
        vector.differs(hasLoneSurrogate ? .jsonLoneSurrogates : .jsonDuplicateKeys)
        try Tally.expectRejected("input") { try JSONValue(parsing: input) }
        return
      }
      let value = try JSONValue(parsing: input)
      try Tally.expect(try value.canonical(), canonical, "canonical")
      try Tally.expect(
        Base64URL.encode(try value.canonicalBytes()), try vector.string("base64url"), "base64url")
      try Tally.expect(try JSONValue(parsing: canonical).canonical(), canonical, "canonical of canonical")
    }
  }
  try tally.finish()
}

/// The number of members of a JSON text: colons outside strings.
private func colons(_ text: String) -> Int {
  var (count, isQuoted, isEscaped) = (0, false, false)
  for byte in text.utf8 {
    if isEscaped {
      isEscaped = false
    } else if isQuoted, byte == UInt8(ascii: "\\") {
      isEscaped = true
    } else if byte == UInt8(ascii: "\"") {
      isQuoted.toggle()
    } else if !isQuoted, byte == UInt8(ascii: ":") {
      count += 1
    }
  }
  return count
}
