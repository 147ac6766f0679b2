import EVM
import MPPCore
import MPPTempo
import Testing

struct SubscriptionRequestTests {
  private static let options: JSONValue = [
    "amount": "9.99", "currency": "0x20c0000000000000000000000000000000000000",
    "recipient": "0x70997970C51812dc3A010C7d01b50e0d17dc79C8", "periodCount": 2, "periodUnit": "week",
    "subscriptionExpires": "2027-01-01T02:00:00+02:00", "chainId": 42_431,
    "accessKey": ["accessKeyAddress": "0x70997970C51812dc3A010C7d01b50e0d17dc79C8", "keyType": "p256"],
  ]

  private func field(_ key: String, _ value: JSONValue?) -> String? {
    var members = (Self.options.objectValue ?? []).filter { $0.key != key }
    if let value { members.append(.init(key: key, value: value)) }
    do throws(SubscriptionRequestError) {
      _ = try SubscriptionRequestInput(options: .object(members)).wireRequest()
      return nil
    } catch {
      return error.field
    }
  }

  @Test func requestAndTermsSayTheSame() throws {
    let request = try SubscriptionRequestInput(options: Self.options).wireRequest()
    #expect(request.amount == Amount(units: 9_990_000))
    #expect(request.period.seconds == 1_209_600)
    #expect(request.subscriptionExpires == "2027-01-01T00:00:00.000Z")
    #expect(throws: Never.self) { try request.requireServerFields() }
    #expect(try SubscriptionRequest(parsing: request.jsonValue) == request)
    #expect(try request.terms.period() == request.period)
    #expect(try request.terms.expiry() == request.expiry)
  }

  @Test func anEchoedRequestKeepsItsSpelling() throws {
    var members =
      try SubscriptionRequestInput(options: Self.options).wireRequest().jsonValue.objectValue ?? []
    members.removeAll { $0.key == "subscriptionExpires" }
    let text = "2027-01-01T02:00:00+02:00"
    members.append(.init(key: "subscriptionExpires", value: .string(text)))
    let request = try SubscriptionRequest(parsing: .object(members))
    #expect(request.subscriptionExpires == text)
    #expect(request.jsonValue == .object(members))
  }

  @Test(arguments: ["0", "007", "1.23456789", "0.0000006", "", "-1", "1e3"])
  func anAmountThatIsNotExactIsRefused(_ amount: String) {
    #expect(field("amount", .string(amount)) == "amount")
  }

  @Test func whatTheChainCannotExpressIsRefused() {
    #expect(field("periodUnit", "month") == "periodCount")
    #expect(field("periodCount", "01") == "periodCount")
    #expect(field("periodCount", .number(1.5)) == "periodCount")
    #expect(field("periodCount", "213503982334602") == "periodCount")
    for text in ["2027-02-30T00:00:00Z", "2027-01-01T00:00:00.5Z", "1960-01-01T00:00:00Z", "soon"] {
      #expect(field("subscriptionExpires", .string(text)) == "subscriptionExpires")
    }
  }

  @Test func addressesOfAnAuthorMayNotHaveAWrongChecksum() {
    let wrong: JSONValue = "0x70997970c51812dc3A010C7d01b50e0d17dc79C8"
    #expect(field("recipient", wrong) == "recipient")
    #expect(field("currency", wrong) == "currency")
    #expect(field("recipient", "0x70997970c51812dc3a010c7d01b50e0d17dc79c8") == nil)
  }

  @Test func everyRequiredMemberIsRequired() {
    let optional = ["chainId", "accessKey"]
    for member in Self.options.objectValue ?? [] where !optional.contains(member.key) {
      #expect(field(member.key, nil) != nil, "\(member.key)")
      #expect(field(member.key, true) != nil, "\(member.key)")
    }
    #expect(field("accessKey", ["accessKeyAddress": "0x12", "keyType": "p256"]) == "accessKeyAddress")
    #expect(field("chainId", "1") == "chainId")
  }
}
