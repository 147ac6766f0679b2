import MPPCore
import Testing

@Suite struct JSONTests {
  private func kind(_ text: String, limits: JSONLimits = .default) -> JSONParseError.Kind? {
    do throws(JSONParseError) {
      _ = try JSONValue(parsing: text, limits: limits)
      return nil
    } catch {
      return error.kind
    }
  }

  @Test func duplicateKeysAreRefused() {
    #expect(kind(#"{"a":1,"a":2}"#) == .duplicateKey)
    #expect(kind(#"{"a":1,"\u0061":2}"#) == .duplicateKey)
    let many = (0..<40).map { #""k\#($0)":0"# }.joined(separator: ",")
    #expect(kind("{\(many)}") == nil)
    #expect(kind(#"{\#(many),"k7":1}"#) == .duplicateKey)
  }

  @Test func keysThatOnlyLookEqualAreDifferent() throws {
    let value = try JSONValue(parsing: "{\"\u{E9}\":1,\"e\u{301}\":2,\"K\":3,\"\u{212A}\":4}")
    #expect(value["\u{E9}"]?.intValue == 1)
    #expect(value["e\u{301}"]?.intValue == 2)
    #expect(value["K"]?.intValue == 3)
    #expect(value["\u{212A}"]?.intValue == 4)
    #expect(JSONValue.string("\u{E9}") != JSONValue.string("e\u{301}"))
  }

  @Test func halfSurrogatePairsAreRefused() {
    for text in [#""\ud800""#, #""\udc00x""#, #""\ud800\ud800""#, #""\ud800x""#, #""\ud800\u0041""#] {
      #expect(kind(text) == .loneSurrogate, "\(text)")
    }
    #expect(kind(#""\ud83d\ude00""#) == nil)
  }

  @Test func invalidTextIsRefused() {
    for text in ["tru", "{", "[", "\"", "\"a", "[1", "{\"a\"", "{\"a\":", "\"\\", "\"\\u12", "-"] {
      #expect(kind(text) != nil, "\(text)")
    }
    for text in [
      "[1,]", "{\"a\":1,}", "{a:1}", "{'a':1}", "[,1]", "nul!", "NaN", "Infinity", "+1", ".5", "[1 2]",
    ] {
      #expect(kind(text) == .unexpectedByte, "\(text)")
    }
    for text in ["01", "1.", "1e", "1e+", "-"] { #expect(kind(text) != nil, "\(text)") }
    for text in ["1 2", "{}x", "null,", "\u{FEFF}1"] { #expect(kind(text) != nil, "\(text)") }
    #expect(kind("\"a\nb\"") == .controlCharacter)
    #expect(kind("\"a\r\nb\"") == .controlCharacter)
    #expect(kind(#""\x""#) == .invalidEscape)
    #expect(kind("") == .unexpectedEnd)
    #expect(throws: JSONParseError.self) { try JSONValue(parsing: [0x22, 0xFF, 0x22]) }
    #expect(throws: JSONParseError.self) { try JSONValue(parsing: [0x22, 0xED, 0xA0, 0x80, 0x22]) }
  }

  @Test func limitsAreTypedErrors() {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    #expect(kind(nested(32)) == nil)
    #expect(kind(nested(33)) == .tooDeep)
    #expect(kind(nested(100_000)) == .tooDeep)
    #expect(kind(String(repeating: "{\"a\":", count: 100_000)) == .tooDeep)
    func members(_ count: Int) -> String {
      "{" + (0..<count).map { #""k\#($0)":0"# }.joined(separator: ",") + "}"
    }
    #expect(kind(members(64)) == nil)
    #expect(kind(members(65)) == .tooManyMembers)
    #expect(kind("[" + String(repeating: "0,", count: 5000) + "0]") == .tooManyElements)
    #expect(kind(String(repeating: " ", count: 1 << 20) + "0") == .tooLarge)
    #expect(kind("1e999") == .numberOutOfRange)
    #expect(kind(String(repeating: "9", count: 100_000)) == .numberOutOfRange)
    #expect(kind(nested(200), limits: JSONLimits(maximumDepth: 1_000_000)) == .tooDeep)
  }

  @Test func numbersAreWrittenAsECMAScriptWritesThem() throws {
    for (text, expected) in [
      ("100.0", "100"), ("1e15", "1000000000000000"), ("1e16", "10000000000000000"),
      ("1e20", "100000000000000000000"), ("123456789012345680000", "123456789012345680000"),
      ("1e21", "1e+21"),
      ("1e-6", "0.000001"), ("1e-7", "1e-7"), ("1.5e-7", "1.5e-7"), ("-0.0", "0"), ("-0", "0"),
      ("5e-324", "5e-324"), ("9007199254740993", "9007199254740992"),
      ("-9007199254740993", "-9007199254740992"),
      ("9223372036854775807", "9223372036854776000"), ("0.1", "0.1"),
      ("1.7976931348623157e308", "1.7976931348623157e+308"),
      ("333333333.33333329", "333333333.3333333"), ("12345.678e2", "1234567.8"), ("-1.5E-10", "-1.5e-10"),
    ] {
      #expect(try JSONValue(parsing: text).canonical() == expected, "\(text)")
    }
    #expect(throws: CanonicalJSONError.nonFiniteNumber) { try JSONValue.number(.infinity).canonical() }
  }

  @Test func numbersAreEqualWhenTheyAreTheSameDouble() throws {
    for (left, right) in [
      ("599999999999994999.92", "599999999999995000"), ("9007199254740993", "9007199254740992"), ("2", "2.0"),
      ("-0", "0.0"), ("1e3", "1000"),
    ] {
      let (left, right) = (try JSONValue(parsing: left), try JSONValue(parsing: right))
      #expect(left == right)
      #expect(Set([left, right]).count == 1)
      #expect(try JSONValue(parsing: left.serialized()) == left)
    }
    #expect(try JSONValue(parsing: "9007199254740991") != JSONValue(parsing: "9007199254740992"))
    #expect(try JSONValue(parsing: "1") != JSONValue(parsing: "1.5"))
  }

  @Test func integersBeyondADoubleSurviveOrdinarySerialisation() throws {
    #expect(try JSONValue(parsing: "9007199254740993").serialized() == "9007199254740993")
    #expect(try JSONValue(parsing: "-9223372036854775808").intValue == .min)
    #expect(try JSONValue(parsing: "9223372036854775808").intValue == nil)
    #expect(try JSONValue(parsing: "2.0") == JSONValue.integer(2))
    #expect(try JSONValue(parsing: "2.0").hashValue == JSONValue.integer(2).hashValue)
  }

  @Test func keysSortByUTF16() throws {
    // In code points U+1F600 is above U+FB33, in UTF-16 its first half is below.
    let value = try JSONValue(
      parsing: "{\"\u{FB33}\":1,\"\u{1F600}\":2,\"\u{E000}\":3,\"z\":4,\"\u{D7FF}\":5}")
    #expect(
      try value.canonical() == "{\"z\":4,\"\u{D7FF}\":5,\"\u{1F600}\":2,\"\u{E000}\":3,\"\u{FB33}\":1}")
    #expect(try JSONValue(parsing: #"{"ab":1,"a":2,"":3}"#).canonical() == #"{"":3,"a":2,"ab":1}"#)
  }

  @Test func orderOfMembersIsKeptAndDoesNotMatter() throws {
    let text = #"{"b":1,"a":[true,null],"c":{"x":"y"}}"#
    let value = try JSONValue(parsing: text)
    #expect(value.serialized() == text)
    #expect(try JSONValue(parsing: #"{"c":{"x":"y"},"a":[true,null],"b":1}"#) == value)
    #expect(try JSONValue(parsing: #"{"c":{"x":"z"},"a":[true,null],"b":1}"#) != value)
    let literal: JSONValue = ["b": 1, "a": [true, nil], "c": ["x": "y"]]
    #expect(literal == value)
  }

  @Test func aLiteralWithAKeyTwiceHasNoCanonicalForm() {
    let value = JSONValue.object([.init(key: "a", value: 1), .init(key: "a", value: 2)])
    #expect(throws: CanonicalJSONError.duplicateKey) { try value.canonical() }
  }

  @Test func longHostileTextsTakeLinearTime() {
    let quotes = "\"" + String(repeating: "\\\"", count: 400_000) + "\""
    #expect(kind(quotes) == nil)
    #expect(kind("\"" + String(repeating: "é", count: 400_000)) == .unexpectedEnd)
    let limits = JSONLimits(maximumBytes: 1 << 24, maximumMembers: 100_000)
    let members = "{" + (0..<50_000).map { #""k\#($0)":0"# }.joined(separator: ",") + "}"
    #expect(kind(members, limits: limits) == nil)
  }
}
