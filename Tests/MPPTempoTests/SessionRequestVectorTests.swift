import MPPCore
import MPPTempo
import TestSupport
import Testing

/// `method-request.json`, groups `session` and `sessionPayload`.
struct SessionRequestVectorTests {
  /// Groups of methods that other issues bring; named and counted, so that a new group is noticed.
  static let pending = ["charge": 42, "subscription": 18, "chargePayload": 9]

  @Test func groupsOfTheFileAreKnown() throws {
    let file = try VectorFile.load("method-request.json")
    try file.expectGroups(["session", "sessionPayload"] + Self.pending.keys)
    for (name, count) in Self.pending { #expect(try file.group(name).count == count, "pending \(name)") }
  }

  @Test func sessionInputsBecomeWireRequests() throws {
    let file = try VectorFile.load("method-request.json")
    var tally = Tally(file)
    for vector in try file.group("session") {
      tally.run(vector) {
        let input = try vector.require("input")
        if vector.error != nil || Self.isRefusedByDesign(input) {
          try Tally.expectRejected { try Self.input(input).wireRequest() }
          return
        }
        let request = try Self.input(input).wireRequest()
        try Tally.expect(request.jsonValue, try vector.require("result"))
        try Tally.expect(try SessionRequest(parsing: request.jsonValue), request)
      }
    }
    try tally.finish()
    #expect(tally.passed == 19)
  }

  /// `vectors/README.md`: a text that is no address is an error when the route is configured.
  private static func isRefusedByDesign(_ input: JSONValue) -> Bool {
    input["escrowContract"]?.stringValue == "anything"
  }

  @Test func sessionPayloadSchema() throws {
    let file = try VectorFile.load("method-request.json")
    var tally = Tally(file)
    for vector in try file.group("sessionPayload") {
      tally.run(vector) {
        let input = try vector.require("input")
        if vector.error != nil {
          try Tally.expectRejected { try SessionPayloadSchema(parsing: input) }
          return
        }
        try Tally.expect(try SessionPayloadSchema(parsing: input).jsonValue, try vector.require("result"))
      }
    }
    try tally.finish()
    #expect(tally.passed == 10)
  }

  /// The author's input object, read as the reference's schema does: required members, no unknown types.
  private static func input(_ value: JSONValue) throws -> SessionRequestInput {
    let known: Set<String> = [
      "amount", "currency", "decimals", "unitType", "recipient", "chainId", "escrowContract",
      "sessionProtocol", "suggestedDeposit", "minVoucherDelta", "feePayer", "feeToken", "operator",
      "channelId",
    ]
    for member in value.objectValue ?? [] where !known.contains(member.key) {
      throw VectorError("unknown input \(member.key)")
    }
    func text(_ key: String) throws -> String {
      guard let text = value[key]?.stringValue else { throw VectorError("no \(key)") }
      return text
    }
    return SessionRequestInput(
      amount: .decimal(try text("amount")), currency: try text("currency"),
      decimals: Int(value["decimals"]?.intValue ?? 6), recipient: value["recipient"]?.stringValue,
      unitType: try text("unitType"), suggestedDeposit: value["suggestedDeposit"]?.stringValue,
      escrowContract: value["escrowContract"]?.stringValue,
      chainID: value["chainId"]?.intValue.flatMap(UInt64.init(exactly:)),
      channelID: value["channelId"]?.stringValue, minVoucherDelta: value["minVoucherDelta"]?.stringValue,
      operator: value["operator"]?.stringValue, feePayer: value["feePayer"]?.boolValue,
      feeToken: value["feeToken"]?.stringValue, sessionProtocol: value["sessionProtocol"]?.stringValue)
  }
}
