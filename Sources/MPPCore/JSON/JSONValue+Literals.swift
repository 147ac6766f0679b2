extension JSONValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByNilLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  /// A `string`.
  public init(stringLiteral value: String) { self = .string(value) }
  /// A `bool`.
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  /// An `integer`; amounts are strings in this protocol.
  public init(integerLiteral value: Int64) { self = .integer(value) }
  /// `null`.
  public init(nilLiteral: ()) { self = .null }
  /// An `array` in the order of the literal.
  public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }

  /// Keeps the order of the literal. The keys must differ; `canonical()` refuses an object in which they do
  /// not.
  public init(dictionaryLiteral elements: (String, JSONValue)...) {
    self = .object(elements.map { Member(key: $0.0, value: $0.1) })
  }
}
