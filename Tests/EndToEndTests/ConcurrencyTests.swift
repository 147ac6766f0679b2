import EVM
import HTTPTypes
import MPPClient
import MPPCore
import MPPTempo
import MarketplaceSupport
import Testing

@Suite("Many at once on one channel", .timeLimit(.minutes(1)))
struct ConcurrencyTests {
  @Test func sixtyFourConcurrentRequestsCostSixtyFourPrices() async throws {
    try await Marketplace.run { market in
      let shop = try await market.shop()
      let client = try market.client(journal: "payer.db")
      let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<64 {
          group.addTask {
            let response = try await client.execute(.get(shop.url + "/ping"))
            _ = try await response.body.bytes()
            return response.status.code
          }
        }
        return try await group.reduce(into: [Int]()) { $0.append($1) }
      }
      #expect(statuses == Array(repeating: 200, count: 64))
      let total = Amount(units: 64 * Marketplace.price.units)
      let channel = try #require(try await client.channels().first)
      #expect(channel.authorized == total)
      #expect(channel.delivered == total)
      let record = try #require(try await shop.records().first)
      #expect(record.spent == total && record.accepted == total && record.held == .zero)
      #expect(record.units == 64)
      // The opening carries the first voucher. Each amount is one price above the one before: none is
      // signed twice for two requests, none is skipped.
      let expected = (1...64).map { Amount(units: UInt128($0) * Marketplace.price.units) }
      let amounts = try Self.amounts(shop)
      // Sixteen travel at once and may overtake each other; one that came too early is presented again.
      #expect(Set(amounts).sorted() == expected)
      #expect(shop.log.served == 64)
      #expect(try await market.audit(shop) == [])
      let closed = try #require(try await client.close().first)
      #expect(closed.error == nil && closed.captured == total)
      #expect(try await market.audit(shop) == [])
      #expect(try market.devnet.channelHistories().count == 1)
    }
  }

  /// Cumulative amounts of opens and vouchers, in the order of their arrival.
  private static func amounts(_ shop: Shop) throws -> [Amount] {
    try shop.log.payloads().compactMap { payload in
      switch payload {
      case .open(let open): open.cumulativeAmount
      case .voucher(let voucher): voucher.cumulativeAmount
      case .topUp, .close: nil
      }
    }
  }

  @Test func fiftyCopiesOfOneCredentialAreServedOnce() async throws {
    try await Marketplace.run { market in
      let shop = try await market.shop()
      let payer = HandPayer(market)
      let channel = try await payer.open(at: shop)
      let challenge = try await payer.challenge(of: shop)
      let amount = Amount(units: 2 * Marketplace.price.units)
      let credential = payer.credential(challenge, try payer.voucher(channel, amount))
      let responses = try await Self.copies(50, of: credential, payer, shop)
      #expect(Self.statuses(responses) == [200: 1, 402: 49])
      for response in responses where response.status != 200 {
        #expect(response.body.contains("session/insufficient-balance"))
        #expect(response.headers[ProtocolHeaders.paymentReceipt] == nil)
      }
      #expect(shop.log.served == 2)
      let record = try await shop.record(channel.id)
      #expect(record.spent == amount && record.accepted == amount && record.held == .zero)
      #expect(try await market.audit(shop) == [])
    }
  }

  @Test func copiesAreServedAsOftenAsTheHeadroomAllows() async throws {
    try await Marketplace.run { market in
      let shop = try await market.shop()
      let payer = HandPayer(market)
      let channel = try await payer.open(at: shop)
      let challenge = try await payer.challenge(of: shop)
      let amount = Amount(units: 6 * Marketplace.price.units)
      let credential = payer.credential(challenge, try payer.voucher(channel, amount))
      let responses = try await Self.copies(50, of: credential, payer, shop)
      #expect(Self.statuses(responses) == [200: 5, 402: 45])
      #expect(try await shop.record(channel.id).spent == amount)
    }
  }

  @Test func fiftyCopiesOfOneOpeningOpenOneChannel() async throws {
    try await Marketplace.run { market in
      let shop = try await market.shop()
      let payer = HandPayer(market)
      let (channel, payload) = try payer.opening(of: shop)
      let challenge = try await payer.challenge(of: shop)
      let responses = try await Self.copies(50, of: payer.credential(challenge, payload), payer, shop)
      #expect(Self.statuses(responses) == [200: 1, 402: 49])
      let record = try await shop.record(channel.id)
      #expect(record.spent == Marketplace.price && record.accepted == Marketplace.price)
      #expect(try market.devnet.channelHistories().map(\.opens) == [1])
      #expect(try await market.audit(shop) == [])
    }
  }

  @Test func twoClosesAtOnceEndInOneTransaction() async throws {
    try await Marketplace.run { market in
      let shop = try await market.shop()
      let payer = HandPayer(market)
      let channel = try await payer.open(at: shop)
      let challenge = try await payer.challenge(of: shop)
      let credential = payer.credential(challenge, try payer.close(channel, Marketplace.price))
      let responses = try await Self.copies(10, of: credential, payer, shop)
      let statuses = Self.statuses(responses)
      #expect(statuses[204, default: 0] >= 1)
      #expect(statuses[204, default: 0] + statuses[410, default: 0] == 10)
      #expect(try market.devnet.channelHistories().map(\.closes) == [1])
      #expect(try await market.audit(shop) == [])
    }
  }

  /// How often each status was answered.
  private static func statuses(_ responses: [RawResponse]) -> [Int: Int] {
    responses.reduce(into: [:]) { $0[$1.status, default: 0] += 1 }
  }

  private static func copies(
    _ count: Int, of credential: String, _ payer: HandPayer, _ shop: Shop
  ) async throws -> [RawResponse] {
    try await withThrowingTaskGroup(of: RawResponse.self) { group in
      for _ in 0..<count { group.addTask { try await payer.send(credential, to: shop) } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
  }
}
