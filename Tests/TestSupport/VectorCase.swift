public import MPPCore
import Synchronization

/// One golden case.
public struct VectorCase: Sendable, CustomStringConvertible {
  /// File, group, number and name, for messages.
  public let label: String
  public let group: String
  /// Position in the group.
  public let index: Int
  public let value: JSONValue
  private let log = DifferenceLog()

  public init(label: String, group: String = "", index: Int = 0, value: JSONValue) {
    self.label = label
    self.group = group
    self.index = index
    self.value = value
  }

  /// Says that ours answers this case otherwise than the reference, and why. Whoever takes another branch than
  /// the vector's says so here; `docs/compatibility.md` has the same list.
  public func differs(_ difference: DeliberateDifference) {
    log.differences.withLock { _ = $0.insert(difference) }
  }

  /// What was said, and forgotten now.
  public func takeDifferences() -> Set<DeliberateDifference> {
    log.differences.withLock { differences in
      defer { differences = [] }
      return differences
    }
  }

  private final class DifferenceLog: Sendable {
    let differences = Mutex<Set<DeliberateDifference>>([])
  }

  public var description: String { label }
  public var name: String { value["name"]?.stringValue ?? "" }
  /// The expected error, nil when the case has a result.
  public var error: JSONValue? { value["error"] }

  public subscript(_ key: String) -> JSONValue? {
    value[key]
  }

  /// Throws when a case has a member that the test does not look at.
  public func expectMembers(_ known: Set<String>) throws {
    for member in value.objectValue ?? [] where !known.contains(member.key) {
      throw VectorError("\(label): unknown member \(member.key)")
    }
  }

  public func require(_ key: String) throws -> JSONValue {
    guard let member = value[key] else { throw VectorError("\(label): no \(key)") }
    return member
  }

  public func string(_ key: String) throws -> String {
    guard let text = try require(key).stringValue else {
      throw VectorError("\(label): \(key) is not a string")
    }
    return text
  }

  public func integer(_ key: String) throws -> Int64 {
    guard let number = try require(key).intValue else {
      throw VectorError("\(label): \(key) is not an integer")
    }
    return number
  }

  public func bool(_ key: String) throws -> Bool {
    guard let flag = try require(key).boolValue else {
      throw VectorError("\(label): \(key) is not a boolean")
    }
    return flag
  }

  /// The bytes of a `0x…` member.
  public func bytes(_ key: String) throws -> [UInt8] {
    try hex(try string(key))
  }
}

/// The bytes of a `0x…` text.
public func hex(_ text: String) throws -> [UInt8] {
  let digits = Array(text.utf8)
  guard digits.count % 2 == 0, digits.starts(with: "0x".utf8) else { throw VectorError("not hex: \(text)") }
  return try stride(from: 2, to: digits.count, by: 2).map { index in
    guard let byte = UInt8(String(decoding: digits[index...(index + 1)], as: UTF8.self), radix: 16) else {
      throw VectorError("not hex: \(text)")
    }
    return byte
  }
}

/// `0x` and lower-case hexadecimal digits.
public func hex(_ bytes: some Sequence<UInt8>) -> String {
  let digits = Array("0123456789abcdef".utf8)
  return "0x"
    + String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}
