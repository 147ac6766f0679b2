/// A JSON value that keeps the order of members.
///
/// Numbers without fraction and exponent that fit into 64 bits are `integer`, all others `number`. Strings
/// and keys compare by their bytes, members of an object in any order.
public enum JSONValue: Sendable {
  /// The literal `null`.
  case null
  /// `true` or `false`.
  case bool(Bool)
  /// Exact; written without a point.
  case integer(Int64)
  /// Everything else; may be infinite when made by hand, and has no canonical form then.
  case number(Double)
  /// Any text; compared byte for byte.
  case string(String)
  /// In order.
  case array([JSONValue])
  /// In the order of the text; nothing keeps a hand-made one from having a key twice.
  case object([Member])

  /// A key and its value.
  public struct Member: Sendable {
    /// Compared byte for byte.
    public var key: String
    /// May be `null`, which is not the same as an absent member.
    public var value: JSONValue

    /// Checks nothing.
    public init(key: String, value: JSONValue) {
      self.key = key
      self.value = value
    }
  }

  /// The member of an object, nil for other values and for absent members.
  public subscript(_ key: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    for member in members where member.key.equalsBytes(of: key) { return member.value }
    return nil
  }

  /// Whether this is `null`; an absent member is nil instead.
  public var isNull: Bool {
    if case .null = self { true } else { false }
  }

  /// Nil for everything but `true` and `false`; numbers and texts are not converted.
  public var boolValue: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }

  /// An integer, also when it was written as `2.0` or `1e3`.
  public var intValue: Int64? {
    switch self {
    case .integer(let value): value
    case .number(let value): Int64(exactly: value)
    default: nil
    }
  }

  /// Nil for everything but strings.
  public var stringValue: String? {
    if case .string(let value) = self { value } else { nil }
  }

  /// Whether this is the string `text`, byte for byte. Use it instead of comparing `stringValue`: see
  /// `String.equalsBytes`.
  public func isText(_ text: String) -> Bool {
    if case .string(let value) = self { value.equalsBytes(of: text) } else { false }
  }

  /// The string when it has at most 64 bytes: for switching over the names a protocol knows, which compares as
  /// Swift does (see `String.equalsBytes`).
  public var nameValue: String? {
    if case .string(let value) = self, value.utf8.count <= 64 { value } else { nil }
  }

  /// Nil for everything but arrays.
  public var arrayValue: [JSONValue]? {
    if case .array(let value) = self { value } else { nil }
  }

  /// The members in their order; nil for everything but objects.
  public var objectValue: [Member]? {
    if case .object(let value) = self { value } else { nil }
  }
}

extension JSONValue: Hashable {
  /// Numbers are equal when they are the same double, as in JavaScript and in the canonical form: an integer beyond 2^53 is no other value
  /// than the fraction it was rounded from. Members may come in any order.
  public static func == (lhs: JSONValue, rhs: JSONValue) -> Bool {
    switch (lhs, rhs) {
    case (.null, .null): true
    case (.bool(let left), .bool(let right)): left == right
    case (.integer(let left), .integer(let right)): left == right || Double(left) == Double(right)
    case (.number(let left), .number(let right)): left == right
    case (.integer(let left), .number(let right)), (.number(let right), .integer(let left)):
      Double(left) == right
    case (.string(let left), .string(let right)): left.equalsBytes(of: right)
    case (.array(let left), .array(let right)): left == right
    case (.object(let left), .object(let right)): haveSameMembers(left, right)
    default: false
    }
  }

  /// Every pair of values is compared once: anything more would double the work at each level of nesting.
  private static func haveSameMembers(_ left: [Member], _ right: [Member]) -> Bool {
    guard left.count == right.count else { return false }
    if zip(left, right).allSatisfy({ $0.key.equalsBytes(of: $1.key) }) {
      return zip(left, right).allSatisfy { $0.value == $1.value }
    }
    func ordered(_ members: [Member]) -> [Member] {
      members.sorted { CanonicalJSON.precedes($0.key, $1.key) }
    }
    return zip(ordered(left), ordered(right)).allSatisfy { $0 == $1 }
  }

  public func hash(into hasher: inout Hasher) {
    switch self {
    case .null: hasher.combine(0)
    case .bool(let value): hasher.combine(value)
    case .integer(let value): hasher.combine(Double(value))
    case .number(let value): hasher.combine(value)
    case .string(let value): value.hashBytes(into: &hasher)
    case .array(let values): hasher.combine(values)
    // Members may come in any order; their number is enough to stay consistent with `==`.
    case .object(let members): hasher.combine(members.count)
    }
  }
}

extension JSONValue.Member: Hashable {
  public static func == (lhs: Self, rhs: Self) -> Bool {
    lhs.key.equalsBytes(of: rhs.key) && lhs.value == rhs.value
  }

  public func hash(into hasher: inout Hasher) {
    key.hashBytes(into: &hasher)
    hasher.combine(value)
  }
}
