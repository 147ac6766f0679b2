import MPPConformance
import MPPCore
import TestSupport
import Testing

/// The operations on headers and texts, each over its golden cases.
@Suite struct ProtocolOperationTests {
  @Test func challengesAreParsed() async throws {
    try await Harness.each("www-authenticate.json", "parse") { vector in
      let input: JSONValue = ["header": try vector.require("header")]
      // The reference takes an empty realm; the harness wants empty parameters refused.
      guard let result = vector["result"], result["realm"]?.isText("") == false else {
        return try await Harness.expectError(.parse, "challenge.parse", input)
      }
      let value = try await Harness.value("challenge.parse", input)
      try Tally.expect(value, result.without("meta"), "challenge")
    }
  }

  /// Empty parameters are refused, though the reference writes them.
  private func isFull(
    _ challenge: JSONValue,
    _ parameters: [String] = ["id", "realm", "expires", "digest", "opaque", "description"]
  ) -> Bool {
    parameters.allSatisfy { challenge[$0]?.isText("") != true }
  }

  @Test func challengesAreFormatted() async throws {
    try await Harness.each("www-authenticate.json", "serialize") { vector in
      let challenge = try vector.require("challenge")
      let isVisible = ["realm", "method", "intent", "expires", "digest", "opaque"].allSatisfy { key in
        (challenge[key]?.stringValue ?? "").utf8.allSatisfy { (0x20...0x7E).contains($0) && $0 != 0x7C }
      }
      let theirs = vector["header"]?.stringValue.flatMap { try? Challenge(parsing: $0) }
      guard vector.error == nil, isVisible, isFull(challenge), let theirs else {
        return try await Harness.expectError(.format, "challenge.format", ["challenge": challenge])
      }
      for input in [["challenge": challenge], challenge] {
        let header = try await Harness.value("challenge.format", input).stringValue ?? ""
        try Tally.expect(try Challenge(parsing: header), theirs, "challenge")
        let again = try await Harness.value("challenge.parse", ["header": .string(header)])
        let format = try await Harness.value("challenge.format", ["challenge": again])
        try Tally.expect(format, .string(header), "format ∘ parse")
      }
    }
  }

  @Test func challengeIDsAreComputed() async throws {
    try await Harness.each("challenge-id.json", "create") { vector in
      let input = try vector.require("input")
      let id = try vector.require("id")
      try Tally.expect(try await Harness.value("challenge.id", input), id, "id")
      // The request in its wire form is the same request.
      let encoded = input.with("request", try vector.require("requestParam"))
      try Tally.expect(try await Harness.value("challenge.id", encoded), id, "id")
    }
  }

  @Test func credentialsAreParsed() async throws {
    try await Harness.each("credential.json", "parse") { vector in
      let input: JSONValue = ["header": try vector.require("header")]
      let result = vector["result"]
      let method = result?["challenge"]?["method"]?.stringValue ?? ""
      let isSourceText = result?["source"].map { $0.stringValue != nil } ?? true
      guard let result, isSourceText, method == method.lowercased() else {
        return try await Harness.expectError(.parse, "credential.parse", input)
      }
      let challenge = (result["challenge"] ?? .null).without("meta")
      let expected = result.with("challenge", challenge).with("payload", result["payload"] ?? .null)
      try Tally.expect(try await Harness.value("credential.parse", input), expected, "credential")
    }
  }

  @Test func credentialsAreFormatted() async throws {
    try await Harness.each("credential.json", "serialize") { vector in
      let credential = try vector.require("credential")
      let theirs = try Credential(parsing: try vector.string("header"))
      let answer = await Harness.answer("credential.format", ["credential": credential])
      // What cannot be the parameter of a challenge was never challenged; an empty optional member says nothing.
      let isFull = isFull(credential["challenge"] ?? .null, ["id", "realm"])
      guard (try? theirs.challenge.serialized()) != nil, isFull else {
        return try Harness.expectError(.format, answer)
      }
      try Tally.expect(answer["ok"], .bool(true), answer.serialized())
      let ours = try Credential(parsing: answer["value"]?.stringValue ?? "")
      try Tally.expect(ours.jsonValue, theirs.jsonValue, "credential")
      let parsed = try await Harness.value("credential.parse", ["header": answer["value"] ?? .null])
      try Tally.expect(
        try await Harness.value("credential.format", ["credential": parsed]), answer["value"], "again")
    }
  }

  @Test func receiptsAreParsedAndFormatted() async throws {
    let base = ["method", "reference", "status", "timestamp", "externalId", "subscriptionId"]
    func split(_ receipt: JSONValue) -> JSONValue {
      let members = receipt.objectValue ?? []
      let extra = members.filter { !base.contains($0.key) }
      let known = members.filter { base.contains($0.key) }
      return .object(known + (extra.isEmpty ? [] : [.init(key: "extra", value: .object(extra))]))
    }
    for (group, receipt) in [
      ("serialize", "receipt"), ("parse", "result"), ("sessionCreate", "receipt"), ("sessionParse", "result"),
    ] {
      try await Harness.each("receipt.json", group) { vector in
        let input: JSONValue = ["header": try vector.require("header")]
        guard let receipt = vector[receipt] else {
          // A session's receipt may be broken where the base receipt is not.
          if group == "sessionParse" { return }
          return try await Harness.expectError(.parse, "receipt.parse", input)
        }
        let parsed = try await Harness.value("receipt.parse", input)
        try Tally.expect(parsed, split(receipt), "receipt")
        let formatted = try await Harness.value("receipt.format", ["receipt": parsed])
        try Tally.expect(
          try Receipt(parsing: formatted.stringValue ?? "").value, receipt, "format ∘ parse")
      }
    }
  }

  @Test func base64URLIsEncodedAndDecoded() async throws {
    try await Harness.each("primitives.json", "hashes") { vector in
      let (text, encoded) = (try vector.require("utf8"), try vector.require("base64url"))
      try Tally.expect(try await Harness.value("base64url.encode", ["text": text]), encoded, "encoded")
      try Tally.expect(try await Harness.value("base64url.decode", ["text": encoded]), text, "decoded")
      let standard = try vector.require("base64")
      try Tally.expect(try await Harness.value("base64url.decode", ["text": standard]), text, "decoded")
    }
    for text in ["A", "AA=A", "A A", "!!!!", "AAA=B", "_w", "AB"] {
      try await Harness.expectError(.encoding, "base64url.decode", ["text": .string(text)])
    }
  }
}
