import Testing

@testable import MPPCore

/// Passing over a value and reading it are the same judgement.
@Suite struct RawJSONTests {
  private static let values = [
    #"{"action":"voucher","channelId":"0xab","descriptor":{"payer":"0x1","salt":"0x2"},"signature":"0x3"}"#,
    #"{"a":"b"}"#, #"{ "a" : "b" , "c" : { } }"#, #"{}"#, #"{"a":{"b":{"c":"d"}},"e":"f"}"#,
    #"{"a":"b\u0041","é":"ü"}"#, #"{"a":1,"b":[1,2,{"c":null}],"d":true}"#, #""text""#, "[]", "null",
    "12.5e3",
    #"{"a":"1","b":"2","c":"3","d":"4","e":"5","f":"6","g":"7","h":"8","i":"9","j":"1","k":"2","l":"3","m":"4","n":"5","o":"6","p":"7","q":"8"}"#,
  ]

  private func read(_ text: [UInt8]) -> (value: JSONValue?, end: Int) {
    guard var cursor = try? JSONCursor(text, limits: .default) else { return (nil, -1) }
    guard let value = try? cursor.parseValue(depth: 0) else { return (nil, -1) }
    return (value, cursor.index)
  }

  private func skip(_ text: [UInt8]) -> (value: JSONValue?, end: Int) {
    guard var cursor = try? JSONCursor(text, limits: .default) else { return (nil, -1) }
    guard (try? cursor.skipValue(depth: 0)) != nil else { return (nil, -1) }
    return (RawJSON(text, 0..<cursor.index, limits: .default).value(), cursor.index)
  }

  @Test(arguments: values) func everyChangedByteIsJudgedAlike(_ text: String) {
    let good = Array(text.utf8)
    #expect(read(good) == skip(good) && read(good).end == good.count)
    for index in good.indices {
      for byte in [
        UInt8(ascii: "\""), 0x5C, 0x1F, 0x80, 0xFF, UInt8(ascii: "}"), UInt8(ascii: "{"), UInt8(ascii: ","),
        0x20, UInt8(ascii: "a"),
      ] {
        var changed = good
        changed[index] = byte
        #expect(
          read(changed) == skip(changed),
          "byte \(index) is \(byte): \(String(decoding: changed, as: UTF8.self))")
      }
      #expect(read(Array(good[..<index])) == skip(Array(good[..<index])), "cut at \(index)")
      #expect(
        read(Array(good[..<index] + good[(index + 1)...]))
          == skip(Array(good[..<index] + good[(index + 1)...])))
    }
  }

  @Test func aKeyThatComesTwiceIsRefused() {
    for text in [
      #"{"a":"1","a":"2"}"#, #"{"a":"1","b":{"c":"1","c":"2"}}"#, #"{"a":"1","\u0061":"2"}"#,
      #"{"ab":"1","cd":"2","ab":"3"}"#,
    ] {
      #expect(skip(Array(text.utf8)).value == nil, "\(text)")
    }
    #expect(skip(Array(#"{"ab":"1","ac":"2"}"#.utf8)).value != nil)
    // Keys are told apart by their lengths first, modulo 64.
    let long = String(repeating: "a", count: 66)
    #expect(skip(Array(#"{"aa":"1","\#(long)":"2"}"#.utf8)).value != nil)
    #expect(skip(Array(#"{"aa":"1","\#(long)":"2","aa":"3"}"#.utf8)).value == nil)
    #expect(skip(Array(#"{"aa":"1","\#(long)":"2","\#(long)":"3"}"#.utf8)).value == nil)
  }

  @Test func depthIsLimitedAlike() {
    for depth in 30...34 {
      let text = Array(
        (String(repeating: #"{"a":"#, count: depth) + #""b""# + String(repeating: "}", count: depth)).utf8)
      #expect(read(text) == skip(text), "\(depth)")
      #expect((skip(text).value != nil) == (depth <= 32), "\(depth)")
    }
  }

  @Test func membersAreLimitedAlike() {
    for count in [15, 16, 17, 63, 64, 65] {
      let members = (0..<count).map { "\"k\($0)\":\"v\"" }.joined(separator: ",")
      let text = Array("{\(members)}".utf8)
      #expect(read(text) == skip(text), "\(count)")
      #expect((skip(text).value != nil) == (count <= 64), "\(count)")
    }
  }
}

/// What the byte-wise writers write.
@Suite struct PlainWriterTests {
  @Test func numbersOfAllLengths() {
    var value: UInt64 = 1
    var numbers: [UInt64] = [0, 9, .max, .max - 1, 10_000_000_000_000_000_000, 9_999_999_999_999_999_999]
    for _ in 0..<19 {
      numbers += [value, value - 1, value + 1]
      value *= 10
    }
    for number in numbers {
      let text = PlainJSONWriter.base64URL { writer in
        writer.number(number)
      }
      #expect(text == Base64URL.encode(Array(String(number).utf8)), "\(number)")
    }
  }

  @Test func moreThanTheCapacityFits() {
    var expected = ""
    let text = PlainJSONWriter.base64URL { writer in
      for number in 0..<200 {
        writer.text("value \(number)")
        writer.amount(Amount(units: UInt128(number) << 70))
        expected += "value \(number)\(UInt128(number) << 70)"
      }
      let start = writer.count
      writer.raw("again")
      let written = start..<writer.count
      for _ in 0..<10_000 { writer.again(written) }
      expected += String(repeating: "again", count: 10_001)
    }
    #expect(text == Base64URL.encode(Array(expected.utf8)))
  }

  @Test(arguments: [1, 5_000, 15_000, 15_100]) func recordsLargerThanTheirCapacityAreWhole(
    _ capacity: Int
  ) throws {
    let long = (0..<5_000).map { UInt8(truncatingIfNeeded: $0) }
    func write(_ writer: inout RecordWriter) throws(RecordError) {
      for round in 0..<3 {
        try writer.variable(long)
        writer.integer(UInt64(round))
        writer.integer(UInt32(7))
        writer.integer(UInt16(8))
        try writer.amount(.maxUInt96)
      }
    }
    var writer = RecordWriter(schema: 1, capacity: capacity)
    try write(&writer)
    let bytes = writer.finish()
    let inPlace = try RecordWriter.write(schema: 1, capacity: capacity) { writer throws(RecordError) in
      try write(&writer)
    }
    #expect(inPlace == bytes)
    #expect(throws: RecordError.range) {
      try RecordWriter.write(schema: 1, capacity: capacity) { writer throws(RecordError) in
        try writer.count(65_536)
      }
    }
    var reader = try RecordReader(bytes, newest: 1)
    for round in 0..<3 {
      #expect(try reader.variable(maximum: 5_000) == long)
      #expect(try reader.integer(UInt64.self) == UInt64(round))
      #expect(try reader.integer(UInt32.self) == 7)
      #expect(try reader.integer(UInt16.self) == 8)
      #expect(try reader.amount() == .maxUInt96)
    }
    try reader.finish()
  }

  @Test func base64OfAllLengthsGoesThereAndBack() throws {
    for count in 0...70 {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ count) }
      let text = Base64URL.encode(bytes)
      #expect(try Base64URL.decode(text) == bytes)
      #expect(try Base64.decode(Base64.encode(bytes)) == bytes)
      for index in text.utf8.indices where count % 7 == 0 {
        for wrong in ["!", "=", " ", "é"] {
          let changed = text.replacingCharacters(at: index, with: wrong)
          if wrong != "=" || changed.utf8.drop(while: { $0 != UInt8(ascii: "=") }).count > 1 {
            #expect(throws: Base64Error.self) { try Base64URL.decode(changed) }
          }
        }
      }
    }
  }
}

extension String {
  fileprivate func replacingCharacters(at index: String.Index, with text: String) -> String {
    String(self[..<index]) + text + String(self[utf8.index(after: index)...])
  }
}
