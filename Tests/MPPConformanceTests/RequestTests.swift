import MPPConformance
import MPPCore
import Testing

/// What is asked and how it is answered, whatever the operation.
@Suite struct RequestTests {
  @Test func whatIsNotARequestIsAParseError() async throws {
    for text in [
      "", " ", "[]", "1", "\"x\"", "{", "{\"schema\":1}", "{\"schema\":1,\"op\":1}", "{}x", "\u{0}",
    ] {
      try Harness.expectError(.parse, await Harness.answer(text))
    }
    try Harness.expectError(.parse, ConformanceAnswer.tooLarge)
    let large = [UInt8](repeating: UInt8(ascii: " "), count: ConformanceAnswer.maximumBytes + 1)
    try Harness.expectError(.parse, await Harness.answer(large))
  }

  @Test func otherSchemasAndOperationsAreUnsupported() async throws {
    for request: JSONValue in [
      ["schema": 2, "op": "challenge.parse", "input": ["header": "Payment"]], ["op": "challenge.parse"],
      ["schema": "1", "op": "challenge.parse"], ["schema": 1, "op": "challenge.parsed", "input": [:]],
      ["schema": 1, "op": ""], ["schema": 1, "op": .string(String(repeating: "x", count: 100_000))],
    ] {
      let answer = await Harness.answer(request)
      try Harness.expectError(.unsupported, answer)
      #expect(answer.serializedBytes().count < 2000)
    }
  }

  @Test(arguments: ConformanceOperation.allCases)
  func anInputOfAnyShapeIsAnErrorOfTheOperation(_ operation: ConformanceOperation) async throws {
    for input: JSONValue in [
      .null, [:], [], 1, "", ["header": 1], ["text": 1], ["challenge": [:]], .bool(true),
    ] {
      // Every text has an encoding, and the empty one decodes to itself.
      if input.isText(""), operation == .base64URLEncode || operation == .base64URLDecode { continue }
      let answer = await Harness.answer(operation.rawValue, input)
      try Harness.expectError(operation.failure, answer)
    }
  }

  @Test func theOperationsAreThoseOfTheHarness() {
    #expect(
      Set(ConformanceOperation.allCases.map(\.rawValue)) == [
        "challenge.parse", "challenge.format", "credential.parse", "credential.format", "receipt.parse",
        "receipt.format", "base64url.encode", "base64url.decode", "challenge.id", "tempo.proof.digest",
        "tempo.voucher.digest", "tempo.channel.id", "tempo.transaction.verify", "tempo.fee_payer.cosign",
        "http.payment_request",
      ])
    #expect(
      Set(ConformanceFailure.Kind.allCases.map(\.rawValue)) == [
        "parse_error", "format_error", "encoding_error", "generation_error", "http_error",
        "verification_error",
        "unsupported_operation", "unknown_error",
      ])
  }
}
