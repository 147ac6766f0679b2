import MPPCore
import Testing

@Suite struct ReceiptTests {
  @Test func unknownMembersAndTheirOrderSurvive() throws {
    let json =
      #"{"zeta":[1,{"a":null}],"method":"tempo","status":"success","#
      + #""reference":"0x1","timestamp":"2025-01-06T12:00:00Z","9":2.5}"#
    let header = Base64URL.encode(Array(json.utf8))
    let receipt = try Receipt(parsing: header)
    #expect(receipt.serialized() == header)
    #expect(receipt.extra.map(\.key) == ["zeta", "9"])
  }

  @Test func exampleOfTheDocument() throws {
    let receipt = try Receipt(
      method: "tempo", reference: "0xabc", timestamp: "2025-01-06T12:00:00.000Z", externalID: "o1",
      extra: [.init(key: "foo", value: 1)])
    #expect(
      receipt.serialized()
        == "eyJtZXRob2QiOiJ0ZW1wbyIsInJlZmVyZW5jZSI6IjB4YWJjIiwiZXh0ZXJuYWxJZCI6Im8xIiwic3RhdHVzIjoic3"
        + "VjY2VzcyIsInRpbWVzdGFtcCI6IjIwMjUtMDEtMDZUMTI6MDA6MDAuMDAwWiIsImZvbyI6MX0"
    )
  }

  @Test func invalidReceiptsAreTypedErrors() {
    #expect(throws: ReceiptError.tooLarge) { try Receipt(parsing: String(repeating: "A", count: 16_385)) }
    #expect(throws: ReceiptError.invalidEncoding) { try Receipt(parsing: "!!!") }
    let base: [JSONValue.Member] = [
      .init(key: "method", value: "tempo"), .init(key: "reference", value: "r"),
      .init(key: "status", value: "success"), .init(key: "timestamp", value: "2025-01-06T12:00:00Z"),
    ]
    #expect(throws: ReceiptError.invalidEncoding) { try Receipt(members: base + [base[0]]) }
    for (index, member) in base.enumerated() {
      var members = base
      members[index].value = 5
      #expect(throws: ReceiptError.invalidField(member.key)) { try Receipt(members: members) }
      members.remove(at: index)
      #expect(throws: ReceiptError.invalidField(member.key)) { try Receipt(members: members) }
    }
    var failed = base
    failed[2].value = "failed"
    #expect(throws: ReceiptError.invalidField("status")) { try Receipt(members: failed) }
  }
}
