import HTTPTypes
import MPPClient
import MPPCore
import MPPTesting
import Testing

@Suite("Answers of the application that look like the protocol's")
struct ApplicationAnswerTests {
  private static let report = [UInt8](repeating: UInt8(ascii: "r"), count: 100 * 1_024)

  @Test("A paid 400 or 410 that is no problem of the protocol arrives whole", arguments: [400, 410])
  func longReport(_ status: Int) async throws {
    let seller = FakeSeller([FakeSeller.challenge("first")], body: Self.report) { request in
      guard request.headerFields[.authorization] != nil else { return nil }
      return HTTPResponse(status: .init(code: status), headerFields: [.contentType: "text/plain"])
    }
    let method = FakeClientMethod("tempo", "charge")
    let client = try PaymentClient(
      methods: [ClientMethodProvider { _ in [method] }], spending: SpendPolicy.upTo("0.001", perDay: "1"),
      journal: .volatile, transport: seller, clock: ManualClock())
    let response = try await client.execute(.get("https://shop.example/item"))
    #expect(response.status.code == status)
    #expect(response.payment != nil)
    #expect(try await response.body.bytes(upTo: .mebibytes(1)) == Self.report)
    #expect(seller.credentials.count == 1)
  }
}
