import EVM
import HTTPTypes
import MPPClient
import MPPCore
import MPPTempo
import MPPTempoServer
import MarketplaceSupport
import Tempo
import TempoDevnet
import TempoRPC
import Testing

@Suite("Shutdown, settlement and forced close", .timeLimit(.minutes(1)))
struct LifecycleTests {
  @Test func gracefulShutdownUnderLoadLosesAndOvercountsNothing() async throws {
    try await Marketplace.run { market in
      var shop = try await market.shop()
      let client = try market.client(journal: "payer.db")
      var served = 0
      var delivered = 0
      for _ in 0..<3 {
        let url = shop.url + "/ping"
        let progress = AsyncStream<Void>.makeStream()
        let load = Task { [shop] in
          await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
              group.addTask {
                var count = 0
                while !Task.isCancelled {
                  guard let response = try? await client.execute(.get(url)),
                    response.status == .ok, (try? await response.body.bytes()) != nil
                  else { return count }
                  count += 1
                  progress.continuation.yield()
                }
                return count
              }
            }
            let total = await group.reduce(0, +)
            _ = shop
            return total
          }
        }
        var seen = 0
        for await _ in progress.stream {
          seen += 1
          if seen == 20 { break }
        }
        try await shop.stop()
        delivered += await load.value
        served += shop.log.served
        shop = try await market.shop { options in
          options = shop.options
          options.port = shop.port
        }
        let record = try #require(try await shop.records().first)
        #expect(record.spent.units == UInt128(served) * Marketplace.price.units)
        #expect(record.held == .zero)
        #expect(try await market.audit(shop) == [])
      }
      #expect(delivered == served)
      #expect(try await client.execute(.get(shop.url + "/ping")).status == .ok)
      let closed = try #require(try await client.close().first)
      #expect(closed.error == nil)
      #expect(closed.captured?.units == UInt128(served + 1) * Marketplace.price.units)
      #expect(try market.devnet.channelHistories().count == 1)
      #expect(try await market.audit(shop) == [])
    }
  }

  @Test func forcedCloseIsAnsweredWithWhatWasDelivered() async throws {
    try await Marketplace.run { market in
      let events = Collector<SettlementEvent>()
      let (closes, continuation) = AsyncStream<SettlementEvent>.makeStream()
      let shop = try await market.shop { options in
        options.tempo = {
          $0.onSettlement = { event in
            events.add(event)
            continuation.yield(event)
          }
        }
      }
      let payer = HandPayer(market)
      let channel = try await payer.open(at: shop)
      let accepted = Amount(units: 5 * Marketplace.price.units)
      #expect(try await payer.pay(payer.voucher(channel, accepted), to: shop).status == 200)
      let spent = Amount(units: 2 * Marketplace.price.units)
      #expect(try await shop.record(channel.id).spent == spent)
      try await payer.broadcast(.requestClose(channel.descriptor), salt: 50)
      await shop.sleeper.sweep()
      // The look that finds the request does not wait for the close that answers it.
      var settlements = closes.makeAsyncIterator()
      let event = try #require(await settlements.next())
      #expect(event.trigger == .forcedClose)
      #expect(event.amount == spent && event.delta == spent)
      let history = try #require(try market.devnet.channelHistories().first)
      #expect(history.closes == 1)
      #expect(history.captured == spent)
      #expect(history.refunded.units == channel.deposit.units - spent.units)
      #expect(try await shop.record(channel.id).finalized)
      let late = try await payer.pay(
        payer.voucher(channel, Amount(units: 6 * Marketplace.price.units)), to: shop)
      #expect(late.status == 410)
      #expect(late.body.contains("session/channel-finalized"))
      await shop.sleeper.sweep()
      #expect(events.all.count == 1)
      #expect(try await market.audit(shop) == [])
    }
  }

  @Test func noContentDuringTheGracePeriodButACooperativeClose() async throws {
    try await Marketplace.run { market in
      let shop = try await market.shop()
      let payer = HandPayer(market)
      let channel = try await payer.open(at: shop)
      try await payer.broadcast(.requestClose(channel.descriptor), salt: 51)
      // Older than the server's copy of the chain's state.
      market.clock.advance(seconds: 10)
      let refused = try await payer.pay(
        payer.voucher(channel, Amount(units: 2 * Marketplace.price.units)), to: shop)
      #expect(refused.status == 410)
      #expect(shop.log.served == 1)
      #expect(try await payer.pay(payer.close(channel, Marketplace.price), to: shop).status == 204)
      #expect(try market.devnet.channelHistories().map(\.captured) == [Marketplace.price])
      #expect(try await market.audit(shop) == [])
    }
  }

  @Test func withdrawalAfterTheGracePeriodEndsTheRecordWithItsLoss() async throws {
    try await Marketplace.run { market in
      let shop = try await market.shop()
      let payer = HandPayer(market)
      let channel = try await payer.open(at: shop)
      try await payer.broadcast(.requestClose(channel.descriptor), salt: 52)
      market.clock.advance(seconds: 901)
      try await payer.broadcast(.withdraw(channel.descriptor), salt: 53)
      await shop.sleeper.sweep()
      let record = try await shop.record(channel.id)
      #expect(record.finalized)
      #expect(record.loss == Marketplace.price)
      let late = try await payer.pay(
        payer.voucher(channel, Amount(units: 2 * Marketplace.price.units)), to: shop)
      #expect(late.status == 410)
    }
  }

  @Test func settlementByScheduleUnderLoadCapturesDeliveredValueOnly() async throws {
    try await Marketplace.run { market in
      let (stream, continuation) = AsyncStream<SettlementEvent>.makeStream()
      let shop = try await market.shop { options in
        options.tempo = {
          $0.settlement = SettlementSchedule(units: 5)
          $0.onSettlement = { event in continuation.yield(event) }
        }
      }
      let client = try market.client()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<8 {
          group.addTask {
            for _ in 0..<8 {
              let response = try await client.execute(.get(shop.url + "/ping"))
              #expect(response.status == .ok)
            }
          }
        }
        try await group.waitForAll()
      }
      var iterator = stream.makeAsyncIterator()
      let first = try #require(await iterator.next())
      #expect(first.trigger == .scheduled)
      #expect(first.amount.units <= 64 * Marketplace.price.units)
      #expect(first.delta > .zero)
      let closed = try #require(try await client.close().first)
      #expect(closed.error == nil && closed.captured?.units == 64 * Marketplace.price.units)
      let history = try #require(try market.devnet.channelHistories().first)
      #expect(history.settlements >= 1 && history.closes == 1)
      #expect(try await market.audit(shop) == [])
    }
  }
}
