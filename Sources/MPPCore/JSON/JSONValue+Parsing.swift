extension JSONValue {
  /// Parses one JSON text (RFC 8259) and nothing after it.
  ///
  /// Refused: duplicate keys, lone surrogates, invalid UTF-8, control characters in strings, numbers beyond
  /// the range of a double, and everything above `limits`. The work is linear in the length of the text.
  public init(parsing bytes: [UInt8], limits: JSONLimits = .default) throws(JSONParseError) {
    var cursor = try JSONCursor(bytes, limits: limits)
    self = try cursor.parseValue()
    try cursor.finish()
  }

  /// As ``init(parsing:limits:)-([UInt8],_)``, of a text's UTF-8 bytes.
  public init(parsing text: String, limits: JSONLimits = .default) throws(JSONParseError) {
    guard text.utf8.count <= limits.maximumBytes else {
      throw JSONParseError(.tooLarge, at: limits.maximumBytes)
    }
    try self.init(parsing: Array(text.utf8), limits: limits)
  }
}
