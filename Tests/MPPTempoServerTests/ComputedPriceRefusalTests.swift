import HTTPTypes
import MPPCore
import MPPServer
import PeerSupport
import Testing

@testable import MPPTempoServer

/// Sessions on a route whose price is computed: refusals of management requests, which have no price of their own (A5, D12).
struct ComputedPriceRefusalTests {
  struct NoPrice: Error {}

  private static func harness() async throws -> Harness {
    try await Harness(offer: { offer in
      offer.price = .computed { request in
        guard request.method == .get else { throw NoPrice() }
        return "0.001"
      }
    })
  }

  @Test func aCloseOfAClosedChannelIs410() async throws {
    let harness = try await Self.harness()
    let channel = try await harness.opened(deposit: 9_000)
    _ = try Harness.receipt(try await harness.post(channel.close(1_000)))
    let again = try await harness.post(channel.close(2_000))
    #expect(again.response?.status == 410, "\(Harness.text(again))")
    #expect(Harness.problem(again)?.code == .channelClosed)
    let header = try #require(again.response?.headers[.wwwAuthenticate])
    let fresh = try #require(try Challenge.parse(header: header).challenges.first)
    #expect(fresh.request.value()["amount"] == "1000")
  }

  @Test(arguments: [HTTPRequest.Method.post, .head])
  func aVoucherThatIsRefusedIs402(_ method: HTTPRequest.Method) async throws {
    let harness = try await Self.harness()
    let channel = try await harness.opened(deposit: 9_000)
    let credential = try await harness.credential(channel.voucher(10_000))
    expectRefusal(
      await harness.send(credential, method: method), .amountExceedsDeposit,
      "Amount exceeds deposit: voucher amount exceeds on-chain deposit.")
  }
}
