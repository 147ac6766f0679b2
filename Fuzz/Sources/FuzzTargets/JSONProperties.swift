@testable import MPPCore

/// The parser and the plain writer are inverses; the form with wide limits accepts what the narrow one does.
enum JSONProperties {
  static func check(_ bytes: [UInt8]) throws {
    let wide = JSONLimits(
      maximumBytes: 1 << 22, maximumDepth: 128, maximumMembers: 1 << 16, maximumElements: 1 << 16)
    let narrow = Result { () throws(JSONParseError) in try JSONValue(parsing: bytes) }
    let value: JSONValue
    do {
      value = try JSONValue(parsing: bytes, limits: wide)
    } catch {
      try require(error.offset >= 0 && error.offset <= bytes.count, "the error points outside the text")
      if case .success = narrow { try require(false, "narrow limits accept more than wide ones") }
      return
    }
    if case .success(let same) = narrow { try require(same == value, "the limits change a value") }
    let written = value.serializedBytes()
    let again = try JSONValue(parsing: written, limits: wide)
    // An integer beyond 2^53 that was written with an exponent comes back with the digits of its double.
    let isSame = try again == value || again.canonicalBytes() == value.canonicalBytes()
    try require(isSame, "parse ∘ write changes a value")
    try require(again != value || again.hashValue == value.hashValue, "equal values with different hashes")
    try require(again.serializedBytes() == written, "the written form is not stable")
  }
}

/// RFC 8785: the canonical form is a fixed point, its keys are sorted by UTF-16, and nothing in it but the order
/// of members differs from the plain form.
enum CanonicalJSONProperties {
  static func check(_ bytes: [UInt8]) throws {
    guard let value = try? JSONValue(parsing: bytes) else { return }
    let canonical: [UInt8]
    do {
      canonical = try value.canonicalBytes()
    } catch {
      throw FuzzViolation("a parsed value has no canonical form: \(error)")
    }
    let again = try JSONValue(parsing: canonical)
    try require(try again.canonicalBytes() == canonical, "the canonical form is not a fixed point")
    try require(again.serializedBytes() == canonical, "the canonical form is not the plain form of itself")
    try sorted(again)
  }

  private static func sorted(_ value: JSONValue) throws {
    switch value {
    case .array(let elements): for element in elements { try sorted(element) }
    case .object(let members):
      for (left, right) in zip(members, members.dropFirst()) {
        try require(
          left.key.utf16.lexicographicallyPrecedes(right.key.utf16), "keys are not in the order of UTF-16")
      }
      for member in members { try sorted(member.value) }
    default: break
    }
  }
}
