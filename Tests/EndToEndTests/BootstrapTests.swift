import EVM
import HTTPTypes
import MPPClient
import MPPCore
import MPPTempoClient
import MPPTempoServer
import MarketplaceSupport
import PeerSupport
import TempoDevnet
import Testing

/// Our client finds its channel again at our server, over real connections (`05` §7.1, `04` §16).
@Suite("Bootstrap, end to end", .timeLimit(.minutes(2)))
struct BootstrapTests {
  private static let asks: @Sendable (inout MPPTempoClient.TempoSessionOptions) -> Void = {
    $0.bootstrap = true
  }

  @Test("Without its journal the payer goes on with its channel, and closes it; every unit is accounted for")
  func lost() async throws {
    try await Marketplace.run { market in
      let shop = try await market.shop { $0.tempo = { $0.bootstrap = .newestChannel } }
      let first = try market.client(journal: "first.db")
      for _ in 0..<3 { _ = try await first.execute(.get(shop.url + "/ping")) }
      let channel = try #require(try await first.channels().first)
      try await first.shutdown()

      let second = try market.client(journal: "second.db", Self.asks)
      for _ in 0..<3 {
        let paid = try #require(try await second.execute(.get(shop.url + "/ping")).payment)
        #expect(paid.channel == channel.id && paid.actions == ["voucher"])
      }
      #expect(try market.devnet.channelHistories().count == 1)
      #expect(try await second.recover().map(\.id) == [channel.id])
      try await second.shutdown()

      // The journal of the second run is enough for the third.
      let third = try market.client(journal: "second.db", Self.asks)
      #expect(try await third.execute(.get(shop.url + "/ping")).payment?.channel == channel.id)
      let outcome = try #require(try await third.close().first)
      #expect(outcome.error == nil && outcome.captured?.units == 70_000 && !outcome.isDisputed)
      #expect(try await market.audit(shop) == [])
    }
  }

  @Test("Many first requests at once, after a restart of the server too: the one channel that is there")
  func together() async throws {
    try await Marketplace.run { market in
      var shop = try await market.shop { $0.tempo = { $0.bootstrap = .newestChannel } }
      let first = try market.client()
      _ = try await first.execute(.get(shop.url + "/ping"))
      let channel = try #require(try await first.channels().first)
      shop = try await market.reopen(shop)
      let second = try market.client(Self.asks)
      let url = shop.url + "/ping"
      let channels = try await withThrowingTaskGroup(of: String?.self) { group in
        for _ in 0..<64 { group.addTask { try await second.execute(.get(url)).payment?.channel } }
        return try await group.reduce(into: Set<String?>()) { $0.insert($1) }
      }
      #expect(channels == [channel.id])
      #expect(try market.devnet.channelHistories().count == 1)
      #expect(try await shop.record(try Hash32(hex: channel.id)).spent.units == 650_000)
      #expect(try await market.audit(shop) == [])
    }
  }

  @Test("A server that has it switched off, and routes it does not guard: the request goes on as without")
  func off() async throws {
    try await Marketplace.run { market in
      let shop = try await market.shop()
      let first = try market.client()
      _ = try await first.execute(.get(shop.url + "/ping"))
      let known = try #require(try await first.channels().first?.id)
      for path in ["/ping", "/free", "/nothing"] {
        let client = try market.client(Self.asks)
        let status = try await client.execute(.get(shop.url + path)).status.code
        #expect(status == (path == "/nothing" ? 404 : 200), "\(path)")
        #expect(try await client.execute(.get(shop.url + "/ping")).payment?.channel != known)
      }
      #expect(try await market.audit(shop) == [])
    }
  }

  @Test("Another account with the same server learns nothing and opens its own channel")
  func stranger() async throws {
    try await Marketplace.run { market in
      let shop = try await market.shop { $0.tempo = { $0.bootstrap = .newestChannel } }
      let first = try market.client()
      _ = try await first.execute(.get(shop.url + "/ping"))
      let known = try #require(try await first.channels().first?.id)
      let other = try market.client(account: 2, Self.asks)
      #expect(try await other.execute(.get(shop.url + "/ping")).payment?.channel != known)
      #expect(try market.devnet.channelHistories().count == 2)
    }
  }

  @Test("mpp request --bootstrap: a second machine with the same key deposits nothing")
  func commandLine() async throws {
    try await CLIProgram.withMarket { market in
      let options = ["--max-price", "0.01", "--json"]
      let first = try await market.pay("/session", options)
      let second = try await market.pay(
        "/session", options + ["--bootstrap", "--journal", market.mpp.folder + "/other.db", "--close"])
      #expect(second.exit == .code(0))
      let channel = first.event("response")?["payment"]?["channel"]?.stringValue
      let payment = second.event("response")?["payment"]
      #expect(channel != nil && payment?["channel"]?.stringValue == channel)
      #expect(payment?["actions"]?.arrayValue?.compactMap(\.stringValue) == ["voucher"])
      #expect(second.event("closed")?["captured"]?.stringValue == "20000")
      let refused = try await market.pay("/session", options + ["--bootstrap", "--via", "tempo/session"])
      #expect(refused.exit == .code(64))
    }
  }
}
