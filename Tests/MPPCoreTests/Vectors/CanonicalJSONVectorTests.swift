import MPPCore
import TestSupport
import Testing

@Test func canonicalJSONVectors() throws {
  var tally = try Tally(.canonicalJSON)
  for vector in try tally.file.group("cases") {
    tally.run(vector) {
      try vector.expectMembers(["name", "input", "canonical", "base64url"])
      let (input, canonical) = (try vector.string("input"), try vector.string("canonical"))
      let hasLoneSurrogate = hasSurrogateEscape(canonical)
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

/// Whether a JSON text has `\u` and a surrogate, which the canonical form only writes where the other half is missing.
func hasSurrogateEscape(_ text: String) -> Bool {
  let bytes = Array(text.utf8)
  var index = 0
  while index < bytes.count {
    guard bytes[index] == UInt8(ascii: "\\") else {
      index += 1
      continue
    }
    let escape = String(decoding: bytes[index...].prefix(4), as: UTF8.self).lowercased()
    if ["\\ud8", "\\ud9", "\\uda", "\\udb", "\\udc", "\\udd", "\\ude", "\\udf"].contains(escape) {
      return true
    }
    index += 2
  }
  return false
}

@Test func anEscapedBackslashIsNoSurrogate() {
  for text in [#""\\ud800""#, #""\\\\udfff""#, #""\ud7ff""#, #""\u0000d8""#, #""ud800""#, ""] {
    #expect(!hasSurrogateEscape(text), "\(text)")
  }
  for text in [#""\ud800""#, #""\\\udfff""#, #""\\a\uDABC""#] { #expect(hasSurrogateEscape(text), "\(text)") }
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
