import MPPConformance
import MPPCore
import Testing

/// What every implementation has to refuse or keep in a challenge's header.
@Suite struct HeaderRuleTests {
  private static let challenge: JSONValue = [
    "id": "x1", "realm": "api", "method": "tempo", "intent": "charge", "request": ["amount": "1"],
  ]
  private static let header =
    "Payment id=\"x1\", realm=\"api\", method=\"tempo\", intent=\"charge\", request=\"eyJhbW91bnQiOiIxIn0\""

  private func parse(_ header: String) async throws -> JSONValue {
    try await Harness.value("challenge.parse", ["header": .string(header)])
  }

  private func expectRefused(_ header: String) async throws {
    try await Harness.expectError(.parse, "challenge.parse", ["header": .string(header)])
  }

  @Test func lineEndsAreRefusedWhenFormatting() async throws {
    for key in ["id", "realm", "method", "intent", "description", "expires", "digest", "opaque"] {
      // Other control characters are escaped where people read them, and refused where the id covers them.
      for end in ["\r", "\n", "\r\n"] + (key == "description" ? [] : ["\u{0}", "\u{7F}"]) {
        let broken = Self.challenge.with(key, .string("a\(end)X-Forged: 1"))
        try await Harness.expectError(.format, "challenge.format", ["challenge": broken])
      }
    }
  }

  @Test func quotesAndBackslashesSurvive() async throws {
    for text in ["\"", "\\", "\\\"", "a\"b\\c", "\\\\n", "\", realm=\"other", "\\u0041"] {
      let challenge = Self.challenge.with("realm", .string("r" + text)).with("description", .string(text))
      let header = try await Harness.value("challenge.format", ["challenge": challenge])
      #expect(try await parse(header.stringValue ?? "") == challenge)
    }
  }

  @Test func theWordPaymentInsideQuotesStartsNothing() async throws {
    let challenge = Self.challenge.with("description", "x, Payment id=\"y\", realm=\"evil\" Payment z")
    let header = try await Harness.value("challenge.format", ["challenge": challenge]).stringValue ?? ""
    #expect(try await parse(header) == challenge)
    #expect(try await parse("Bearer realm=\"a, Payment id=1\", " + header) == challenge)
  }

  @Test func duplicateMissingAndEmptyParametersAreRefused() async throws {
    #expect(try await parse(Self.header) == Self.challenge)
    for name in ["id", "realm", "method", "intent", "request"] {
      let parameters = Self.header.dropFirst("Payment ".count).split(separator: ",").map {
        $0.drop { $0 == " " }
      }
      let others = parameters.filter { !$0.hasPrefix(name + "=") }
      #expect(others.count == 4)
      try await expectRefused("Payment " + others.joined(separator: ", "))
      try await expectRefused("Payment \(name)=\"\", " + others.joined(separator: ", "))
      try await expectRefused(Self.header + ", \(name)=\"x1\"")
      try await expectRefused(Self.header + ", \(name.uppercased())=\"x1\"")
      try await Harness.expectError(
        .format, "challenge.format", ["challenge": Self.challenge.without(name)])
      try await Harness.expectError(
        .format, "challenge.format", ["challenge": Self.challenge.with(name, "")])
    }
    try await expectRefused(
      Self.header + ", expires=\"2026-01-01T00:00:00Z\", expires=\"2027-01-01T00:00:00Z\"")
  }

  @Test func theSchemeIsCaseInsensitive() async throws {
    for scheme in ["payment", "PAYMENT", "pAyMeNt"] {
      #expect(try await parse(scheme + Self.header.dropFirst("Payment".count)) == Self.challenge)
    }
    try await expectRefused("Payments" + Self.header.dropFirst("Payment".count))
  }
}
