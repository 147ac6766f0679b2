import Crypto
import MPPCore
import TestSupport
import Testing

/// The groups that need no Ethereum code: SHA-256, HMAC and base64.
@Test func primitiveVectors() throws {
  var tally = try Tally(.primitivesCore)
  for vector in try tally.file.group("hashes") {
    tally.run(vector) {
      try vector.expectMembers(["utf8", "keccak256", "sha256", "base64url", "base64"])
      let bytes = Array(try vector.string("utf8").utf8)
      let (url, standard) = (try vector.string("base64url"), try vector.string("base64"))
      try Tally.expect(hex(SHA256.hash(data: bytes)), try vector.string("sha256"), "sha256")
      try Tally.expect(Base64URL.encode(bytes), url, "base64url")
      try Tally.expect(Base64.encode(bytes), standard, "base64")
      try Tally.expect(try Base64URL.decode(url), bytes, "decoded base64url")
      try Tally.expect(try Base64.decode(standard), bytes, "decoded base64")
    }
  }
  for vector in try tally.file.group("hmac") {
    tally.run(vector) {
      try vector.expectMembers(["key", "data", "mac"])
      let key = SymmetricKey(data: Array(try vector.string("key").utf8))
      let mac = HMAC<SHA256>.authenticationCode(for: Array(try vector.string("data").utf8), using: key)
      try Tally.expect(hex(mac), try vector.string("mac"), "mac")
    }
  }
  for vector in try tally.file.group("base64Decode") {
    tally.run(vector) {
      try vector.expectMembers(["text", "result", "error"])
      let text = try vector.string("text")
      guard isBase64(text) else {
        vector.differs(.base64NotStrict)
        try Tally.expectRejected("text") { try Base64URL.decode(text) }
        return
      }
      let bytes = try Base64URL.decode(text)
      try Tally.expect(String(decoding: bytes, as: UTF8.self), try vector.string("result"), "result")
      // Invalid UTF-8 is refused where a text is expected.
      if String(validating: bytes, as: UTF8.self) == nil {
        try Tally.expectRejected("text") { try JSONValue(parsing: [0x22] + bytes + [0x22]) }
      }
    }
  }
  try tally.finish()
}

/// Characters of either alphabet, padding only at the end, a possible length, no stray bits.
private func isBase64(_ text: String) -> Bool {
  let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  var digits = text.utf8.map { $0 == UInt8(ascii: "-") ? UInt8(ascii: "+") : $0 }
    .map { $0 == UInt8(ascii: "_") ? UInt8(ascii: "/") : $0 }
  while digits.last == UInt8(ascii: "=") { digits.removeLast() }
  guard digits.allSatisfy(alphabet.contains), digits.count % 4 != 1 else { return false }
  guard let last = digits.last.flatMap({ alphabet.firstIndex(of: $0) }) else { return true }
  return digits.count % 4 == 2 ? last % 16 == 0 : digits.count % 4 == 3 ? last % 4 == 0 : true
}
