import MPPCore
import Testing

@Suite struct TimestampTests {
  @Test func knownInstants() throws {
    #expect(try Timestamp(rfc3339: "1970-01-01T00:00:00Z").milliseconds == 0)
    #expect(try Timestamp(rfc3339: "2025-01-06T12:00:00.000Z").milliseconds == 1_736_164_800_000)
    #expect(try Timestamp(rfc3339: "2000-02-29T23:59:59.999Z").milliseconds == 951_868_799_999)
    #expect(try Timestamp(rfc3339: "2026-01-02T03:09:05+02:00") == Timestamp(rfc3339: "2026-01-02T01:09:05Z"))
    #expect(try Timestamp(rfc3339: "1969-12-31T23:59:59.999Z").milliseconds == -1)
    #expect(Timestamp(milliseconds: -1).seconds == -1)
  }

  @Test func digitsBelowAMillisecondAreCutOff() throws {
    #expect(try Timestamp(rfc3339: "2025-01-06T12:00:00.123804417Z").milliseconds == 1_736_164_800_123)
    #expect(try Timestamp(rfc3339: "2025-01-06T12:00:00.1Z").milliseconds == 1_736_164_800_100)
  }

  @Test(arguments: [
    "2026-02-30T00:00:00Z", "2025-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
    "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-04-31T00:00:00Z", "2026-01-01T24:00:00Z",
    "2026-01-01T00:60:00Z", "2026-01-01T00:00:60Z", "2026-01-01T00:00:00+24:00", "2026-13-45T99:99:99Z",
  ])
  func impossibleDatesAreRefused(text: String) {
    #expect(throws: TimestampError.impossible) { try Timestamp(rfc3339: text) }
    #expect(Timestamp.isWellFormed(text))
  }

  @Test(arguments: [
    "", "now", "2026-01-01", "2026-01-01T00:00:00", "2026-01-01t00:00:00Z", "2026-01-01T00:00:00z",
    "2026-01-01 00:00:00Z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+0100", "2026-01-01T00:00:00+01",
    "2026-01-01T00:00:00ZZ", " 2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z\r\n", "２026-01-01T00:00:00Z",
    "-026-01-01T00:00:00Z", "12026-01-01T00:00:00Z",
  ])
  func otherFormsAreRefused(text: String) {
    #expect(throws: TimestampError.malformed) { try Timestamp(rfc3339: text) }
    #expect(!Timestamp.isWellFormed(text))
  }

  @Test func aTextOfAMegabyteIsRefusedAtOnce() {
    let text = "2026-01-01T00:00:00." + String(repeating: "0", count: 1 << 20) + "Z"
    #expect(throws: TimestampError.malformed) { try Timestamp(rfc3339: text) }
  }

  @Test func formattingReadsBack() throws {
    #expect(Timestamp(milliseconds: 1_736_164_800_000).rfc3339 == "2025-01-06T12:00:00.000Z")
    #expect(Timestamp(milliseconds: -62_167_219_200_000).rfc3339 == "0000-01-01T00:00:00.000Z")
    for milliseconds in stride(from: Int64(-62_000_000_000_000), to: 250_000_000_000_000, by: 987_654_321_987)
    {
      let instant = Timestamp(milliseconds: milliseconds)
      #expect(try Timestamp(rfc3339: instant.rfc3339) == instant)
    }
  }

  @Test func extremesSaturate() {
    #expect(Timestamp(milliseconds: .max).rfc3339 == "9999-12-31T23:59:59.999Z")
    #expect(Timestamp(milliseconds: .min).rfc3339 == "0000-01-01T00:00:00.000Z")
    #expect(Timestamp(seconds: .max).milliseconds == .max)
    #expect(Timestamp(seconds: .min).milliseconds == .min)
    #expect(Timestamp(milliseconds: .max).adding(seconds: .max).milliseconds == .max)
    #expect(Timestamp(milliseconds: .min).adding(milliseconds: -1).milliseconds == .min)
  }
}
