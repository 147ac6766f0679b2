import EVM
import MPPCore
import MPPTempo
import TestSupport
import Testing

/// `method-request.json`: options of an author to wire requests, and the schemas of payloads.
struct MethodRequestVectorTests {
  @Test func chargeVectors() throws {
    var tally = try Tally(.methodRequestCharge)
    try tally.each("charge", charge)
    try tally.each("chargePayload") { vector in
      try check(vector) { try ChargePayload(parsing: $0).jsonValue }
    }
    try tally.finish()
  }

  @Test func sessionVectors() throws {
    var tally = try Tally(.methodRequestSession)
    try tally.each("session", session)
    try tally.each("sessionPayload") { vector in
      try check(vector) { try SessionPayloadSchema(parsing: $0).jsonValue }
    }
    try tally.finish()
  }

  @Test func subscriptionVectors() throws {
    var tally = try Tally(.methodRequestSubscription)
    try tally.each("subscription", subscription)
    try tally.finish()
  }

  /// What is refused is decided by the input; no public case has the first three.
  @Test func declaredDifferencesAreReadOffTheInput() throws {
    let addresses = (
      token: JSONValue.string("0x20c0000000000000000000000000000000000000"),
      payee: JSONValue.string("0x70997970c51812dc3a010c7d01b50e0d17dc79c8")
    )
    func subscription(_ amount: JSONValue, _ expires: JSONValue) -> JSONValue {
      [
        "amount": amount, "currency": addresses.token, "decimals": 6, "recipient": addresses.payee,
        "periodCount": "1", "periodUnit": "day", "subscriptionExpires": expires,
      ]
    }
    func session(_ escrow: JSONValue, _ amount: JSONValue) -> JSONValue {
      [
        "amount": amount, "currency": addresses.token, "decimals": 6, "recipient": addresses.payee,
        "unitType": "request", "chainId": 42_431, "escrowContract": escrow,
      ]
    }
    let cases: [(DeliberateDifference, JSONValue, (VectorCase) throws -> Void)] = [
      (.subscriptionSpelling, subscription("007.5", "2027-01-01T00:00:00Z"), self.subscription),
      (.subscriptionSpelling, subscription("7.5", "2027-02-30T00:00:00Z"), self.subscription),
      (.excessDigits, subscription("7.1234567", "2027-01-01T00:00:00Z"), self.subscription),
      (.escrowNotAnAddress, session("nothing", "1"), self.session),
      (.escrowNotAnAddress, session("0x4d50", "1"), self.session),
      (.excessDigits, session("0x4d50500000000000000000000000000000000000", "1.1234567"), self.session),
    ]
    for (difference, input, run) in cases {
      let vector = VectorCase(label: input.serialized(), value: ["input": input, "result": [:]])
      try run(vector)
      #expect(vector.takeDifferences() == [difference], "\(input.serialized())")
    }
  }

  private func charge(_ vector: VectorCase) throws {
    try check(vector, tooPrecise(vector, ["amount"]) ? .excessDigits : nil) { input in
      let request = try chargeInput(input).wireRequest()
      try Tally.expect(try ChargeRequest(parsing: request.jsonValue), request, "read again")
      return request.jsonValue
    }
  }

  private func session(_ vector: VectorCase) throws {
    let amounts = ["amount", "suggestedDeposit", "minVoucherDelta"]
    let escrow = try vector.require("input")["escrowContract"]?.stringValue
    let difference: DeliberateDifference? =
      escrow.map(Self.isAddress) == false
      ? .escrowNotAnAddress : tooPrecise(vector, amounts) ? .excessDigits : nil
    try check(vector, difference) { input in
      let request = try sessionInput(input).wireRequest()
      try Tally.expect(try SessionRequest(parsing: request.jsonValue), request, "read again")
      return request.jsonValue
    }
  }

  static func isAddress(_ text: String) -> Bool { (try? Address(hex: text)) != nil }

  private func subscription(_ vector: VectorCase) throws {
    let input = try vector.require("input")
    let amount = Array((input["amount"]?.stringValue ?? "").utf8)
    let hasLeadingZero = amount.count > 1 && amount[0] == 0x30 && amount[1] != 0x2E
    let expires = input["subscriptionExpires"]?.stringValue ?? ""
    let difference: DeliberateDifference? =
      hasLeadingZero || isImpossible(expires)
      ? .subscriptionSpelling : tooPrecise(vector, ["amount"]) ? .excessDigits : nil
    try check(vector, difference) { input in
      let decimals = try required(input, "decimals")
      let request = try SubscriptionRequestInput(options: input, decimals: Int(decimals)).wireRequest()
      try Tally.expect(try SubscriptionRequest(parsing: request.jsonValue), request, "read again")
      return request.jsonValue
    }
  }

  /// The result, or a rejection where the vector or a declared difference says so.
  private func check(
    _ vector: VectorCase, _ difference: DeliberateDifference? = nil, _ body: (JSONValue) throws -> JSONValue
  ) throws {
    try vector.expectMembers(["input", "result", "error"])
    let input = try vector.require("input")
    if vector.error == nil, let difference {
      vector.differs(difference)
      try Tally.expectRejected("input") { try body(input) }
    } else if vector.error != nil {
      try Tally.expectRejected("input") { try body(input) }
    } else {
      try Tally.expect(try body(input), try vector.require("result"), "result")
    }
  }

  /// Whether one of the amounts, or of the splits', has more significant digits than decimals (`01` §10).
  private func tooPrecise(_ vector: VectorCase, _ members: [String]) -> Bool {
    guard let input = vector["input"], let decimals = input["decimals"]?.intValue else { return false }
    let splits = (input["splits"]?.arrayValue ?? []).map { $0["amount"] }
    return (members.map { input[$0] } + splits).contains { value in
      guard let parts = value?.stringValue?.utf8.split(separator: UInt8(ascii: ".")), parts.count == 2 else {
        return false
      }
      let digits = parts[1].reversed().drop { $0 == UInt8(ascii: "0") }
      return Array(digits).count > decimals
    }
  }

  private func isImpossible(_ text: String) -> Bool {
    do {
      _ = try Timestamp(rfc3339: text)
      return false
    } catch {
      return error == .impossible
    }
  }

  // MARK: - The author's options, typed as the reference's schema types them

  private func required(_ value: JSONValue, _ key: String) throws -> Int64 {
    guard let number = value[key]?.intValue else { throw VectorError("no \(key)") }
    return number
  }

  private func text(_ value: JSONValue, _ key: String) throws -> String {
    guard let text = value[key]?.stringValue else { throw VectorError("no \(key)") }
    return text
  }

  private func chainID(_ value: JSONValue) throws -> UInt64? {
    guard let chain = value["chainId"] else { return nil }
    guard let id = chain.intValue.flatMap(UInt64.init(exactly:)) else { throw VectorError("chainId") }
    return id
  }

  private func chargeInput(_ value: JSONValue) throws -> ChargeRequestInput {
    let known: Set<String> = [
      "amount", "currency", "decimals", "recipient", "description", "externalId", "chainId", "feePayer",
      "memo", "splits", "supportedModes", "machineTokenEnabled", "unknown",
    ]
    for member in value.objectValue ?? [] where !known.contains(member.key) {
      throw VectorError("unknown input \(member.key)")
    }
    return ChargeRequestInput(
      amount: .decimal(try text(value, "amount")), currency: try text(value, "currency"),
      decimals: Int(try required(value, "decimals")), recipient: value["recipient"]?.stringValue,
      description: value["description"]?.stringValue, externalID: value["externalId"]?.stringValue,
      chainID: try chainID(value), feePayer: value["feePayer"]?.boolValue, memo: value["memo"]?.stringValue,
      splits: try value["splits"]?.arrayValue?.map(split),
      supportedModes: try value["supportedModes"]?.arrayValue?.map(mode),
      machineTokenEnabled: value["machineTokenEnabled"]?.boolValue)
  }

  private func split(_ value: JSONValue) throws -> ChargeRequestInput.Split {
    ChargeRequestInput.Split(
      amount: try text(value, "amount"), recipient: try text(value, "recipient"),
      memo: value["memo"]?.stringValue)
  }

  private func mode(_ value: JSONValue) throws -> ChargeRequest.Mode {
    guard let mode = value.stringValue.flatMap(ChargeRequest.Mode.init(rawValue:)) else {
      throw VectorError("mode \(value)")
    }
    return mode
  }

  private func sessionInput(_ value: JSONValue) throws -> SessionRequestInput {
    let known: Set<String> = [
      "amount", "currency", "decimals", "unitType", "recipient", "chainId", "escrowContract",
      "sessionProtocol", "suggestedDeposit", "minVoucherDelta", "feePayer", "feeToken", "operator",
      "channelId",
    ]
    for member in value.objectValue ?? [] where !known.contains(member.key) {
      throw VectorError("unknown input \(member.key)")
    }
    return SessionRequestInput(
      amount: .decimal(try text(value, "amount")), currency: try text(value, "currency"),
      decimals: Int(value["decimals"]?.intValue ?? 6), recipient: value["recipient"]?.stringValue,
      unitType: try text(value, "unitType"), suggestedDeposit: value["suggestedDeposit"]?.stringValue,
      escrowContract: value["escrowContract"]?.stringValue, chainID: try chainID(value),
      channelID: value["channelId"]?.stringValue, minVoucherDelta: value["minVoucherDelta"]?.stringValue,
      operator: value["operator"]?.stringValue, feePayer: value["feePayer"]?.boolValue,
      feeToken: value["feeToken"]?.stringValue, sessionProtocol: value["sessionProtocol"]?.stringValue)
  }
}
