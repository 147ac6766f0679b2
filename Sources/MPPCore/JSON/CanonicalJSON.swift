/// Why a value has no canonical form.
public enum CanonicalJSONError: Error, Hashable, Sendable {
  /// A number that is infinite or not one.
  case nonFiniteNumber
  /// An object has a key twice.
  case duplicateKey
  /// Nested deeper than 128 levels.
  case tooDeep
}

extension JSONValue {
  /// The JSON text with members in their order, without white space: what credentials, receipts and problems
  /// carry. Numbers are written as ECMAScript writes them; a number that is not finite becomes `null`, as
  /// there.
  public func serialized() -> String {
    String(decoding: serializedBytes(), as: UTF8.self)
  }

  package func serializedBytes() -> [UInt8] {
    var writer = JSONWriter()
    writer.write(self)
    return writer.bytes
  }

  /// The canonical text (RFC 8785, `01` §2.2): keys sorted by UTF-16 code units, numbers as ECMAScript writes
  /// them. Integers beyond ±(2^53 − 1) are written as the double they would become in JavaScript.
  public func canonical() throws(CanonicalJSONError) -> String {
    String(decoding: try canonicalBytes(), as: UTF8.self)
  }

  /// As ``canonical()``, in UTF-8: what is signed and hashed.
  public func canonicalBytes() throws(CanonicalJSONError) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(512)
    try CanonicalJSON.write(self, depth: 0, to: &bytes)
    return bytes
  }
}

enum CanonicalJSON {
  static func write(_ value: JSONValue, depth: Int, to bytes: inout [UInt8]) throws(CanonicalJSONError) {
    guard depth <= 128 else { throw .tooDeep }
    switch value {
    case .null: bytes.append(contentsOf: "null".utf8)
    case .bool(let flag): bytes.append(contentsOf: (flag ? "true" : "false").utf8)
    case .integer(let integer):
      if integer.magnitude <= 1 << 53 - 1 {
        bytes.append(contentsOf: String(integer).utf8)
      } else {
        NumberLayout.append(Double(integer), to: &bytes)
      }
    case .number(let number):
      guard number.isFinite else { throw .nonFiniteNumber }
      NumberLayout.append(number, to: &bytes)
    case .string(let text): JSONWriter.append(text, to: &bytes)
    case .array(let elements):
      bytes.append(UInt8(ascii: "["))
      for (index, element) in elements.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        try write(element, depth: depth + 1, to: &bytes)
      }
      bytes.append(UInt8(ascii: "]"))
    case .object(let members):
      try writeObject(members, depth: depth, to: &bytes)
    }
  }

  private static func writeObject(
    _ members: [JSONValue.Member], depth: Int, to bytes: inout [UInt8]
  ) throws(CanonicalJSONError) {
    let sorted = members.sorted { precedes($0.key, $1.key) }
    bytes.append(UInt8(ascii: "{"))
    for (index, member) in sorted.enumerated() {
      if index > 0 {
        guard !member.key.equalsBytes(of: sorted[index - 1].key) else { throw .duplicateKey }
        bytes.append(UInt8(ascii: ","))
      }
      JSONWriter.append(member.key, to: &bytes)
      bytes.append(UInt8(ascii: ":"))
      try write(member.value, depth: depth + 1, to: &bytes)
    }
    bytes.append(UInt8(ascii: "}"))
  }

  /// Order by UTF-16 code units, read off the UTF-8 bytes: the two orders differ only between the characters
  /// from U+E000 to U+FFFF (first byte EE or EF) and those beyond U+FFFF (first byte F0…F4), which are
  /// surrogate pairs.
  static func precedes(_ left: String, _ right: String) -> Bool {
    var second = right.utf8.makeIterator()
    for first in left.utf8 {
      didLookAt(1)
      guard let other = second.next() else { return false }
      if first == other { continue }
      if first >= 0xEE, other >= 0xEE, (first >= 0xF0) != (other >= 0xF0) { return first >= 0xF0 }
      return first < other
    }
    return second.next() != nil
  }

  static func hasDuplicateKeys(_ members: [JSONValue.Member]) -> Bool {
    guard members.count > 16 else {
      return members.withUnsafeBufferPointer { members in
        for index in members.indices.dropFirst() {
          for earlier in 0..<index where members[earlier].key.equalsBytes(of: members[index].key) {
            return true
          }
        }
        return false
      }
    }
    let sorted = members.map(\.key).sorted(by: precedes)
    return zip(sorted, sorted.dropFirst()).contains { $0.equalsBytes(of: $1) }
  }
}
