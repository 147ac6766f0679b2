/// A JSON value as it stands in a text that was checked when it came in. The tree is made when somebody asks for it; a reader of a known
/// shape walks over the text instead (``PlainObjectScanner``).
package struct RawJSON: Sendable {
  /// The whole text; shared, not copied.
  package let text: [UInt8]
  package let range: Range<Int>
  private let limits: JSONLimits

  init(_ text: [UInt8], _ range: Range<Int>, limits: JSONLimits) {
    self.text = text
    self.range = range
    self.limits = limits
  }

  /// The tree. It cannot fail: what the cursor has passed over, it can read.
  func value() -> JSONValue {
    do throws(JSONParseError) {
      return try JSONValue(parsing: Array(text[range]), limits: limits)
    } catch {
      return .null
    }
  }
}
