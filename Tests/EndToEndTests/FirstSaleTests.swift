import HTTPTypes
import MPPClient
import MPPCore
import MarketplaceSupport
import Testing

@Suite("A sale from open to close", .timeLimit(.minutes(1)))
struct FirstSaleTests {
  @Test func opensPaysAndClosesAndEverythingAddsUp() async throws {
    try await Marketplace.run { market in
      let shop = try await market.shop()
      let client = try market.client(journal: "payer.db")
      for count in 1...3 as ClosedRange<UInt64> {
        let response = try await client.execute(.get(shop.url + "/ping"))
        #expect(response.status.code == 200)
        #expect(try await response.body.text() == "ping")
        #expect(response.receipt?.spent == Amount(units: 10_000 * UInt128(count)))
      }
      #expect(try await market.audit(shop) == [])
      let outcome = try #require(try await client.close().first)
      #expect(outcome.error == nil)
      #expect(outcome.captured == Amount(units: 30_000))
      #expect(try await market.audit(shop) == [])
      let history = try #require(try market.devnet.channelHistories().first)
      #expect(history.opens == 1 && history.closes == 1 && history.settlements == 0)
      #expect(history.captured == Amount(units: 30_000))
      #expect(shop.log.served == 3)
    }
  }
}
