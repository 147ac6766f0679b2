import HTTPTypes
import Hummingbird
import MPPClient
import MPPCore
import MPPHummingbird
import MPPServer
import MPPTempo
import MPPTempoServer
import MarketplaceSupport
import NIOCore
import Synchronization
import Testing

@Suite("What was not delivered is not charged", .timeLimit(.minutes(1)))
struct UnpaidDeliveryTests {
  struct HandlerError: Error {}

  @Test func aHandlerThatThrowsAnswers500AndFailsCostsNothing() async throws {
    try await Marketplace.run { market in
      let shop = try await market.shop { options in
        options.routes = { router, payments, log in
          let gate: PaymentMiddleware<PaidRequestContext> = payments.session("0.01", per: "request")
          router.group("throws").add(middleware: gate).get { _, _ -> String in
            log.serve()
            throw HandlerError()
          }
          router.group("unavailable").add(middleware: gate).get { _, _ -> Response in
            log.serve()
            return Response(status: .serviceUnavailable)
          }
          router.group("missing").add(middleware: gate).get { _, _ -> Response in
            log.serve()
            return Response(status: .notFound)
          }
        }
      }
      let client = try market.client(journal: "payer.db")
      for _ in 0..<5 {
        #expect(try await client.execute(.get(shop.url + "/throws")).status == .internalServerError)
        #expect(try await client.execute(.get(shop.url + "/unavailable")).status == .serviceUnavailable)
      }
      #expect(shop.log.served == 10)
      let record = try #require(try await shop.records().first)
      #expect(record.spent == .zero && record.held == .zero && record.units == 0)
      // However often it fails, the client has not authorised more than it may have to pay for.
      #expect(record.accepted.units <= 2 * Marketplace.price.units)
      let channel = try #require(try await client.channels().first)
      #expect(channel.delivered == .zero)
      // A 404 is an answer, and answers are paid for.
      #expect(try await client.execute(.get(shop.url + "/missing")).status == .notFound)
      #expect(try await shop.record(record.channelID).spent == Marketplace.price)
      #expect(try await client.execute(.get(shop.url + "/ping")).status == .ok)
      #expect(try await shop.record(record.channelID).spent.units == 2 * Marketplace.price.units)
      #expect(try await market.audit(shop) == [])
      #expect(try await client.close().compactMap(\.error).isEmpty)
      #expect(try market.devnet.channelHistories().map(\.captured.units) == [2 * Marketplace.price.units])
    }
  }

  /// Otherwise whoever leaves before the last chunk would have the others for nothing.
  @Test func aReaderThatLeavesInTheMiddleOfALongBodyPays() async throws {
    try await Marketplace.run { market in
      let shop = try await market.shop { options in
        options.routes = { router, payments, log in
          let gate: PaymentMiddleware<PaidRequestContext> = payments.session("0.01", per: "request")
          router.group("endless").add(middleware: gate).get { _, _ -> Response in
            log.serve()
            return Response(
              status: .ok,
              body: ResponseBody { writer in
                let chunk = ByteBuffer(repeating: 0x61, count: 1 << 16)
                while true { try await writer.write(chunk) }
              })
          }
        }
      }
      let payer = HandPayer(market)
      let channel = try await payer.open(at: shop)
      let events = shop.payments.events.subscribe().events
      let challenge = try await payer.challenge(of: shop, "/endless")
      let amount = Amount(units: 2 * Marketplace.price.units)
      let credential = payer.credential(challenge, try payer.voucher(channel, amount))
      let taken = Mutex(0)
      try await RawHTTP(port: shop.port).leave(
        "GET", "/endless", headers: [("Authorization", credential)]
      ) { chunk in
        taken.withLock { taken in
          taken += chunk.readableBytes
          return taken < 1 << 18
        }
      }
      for await event in events {
        if case .delivered(_, _, _, let price) = event {
          #expect(price == Marketplace.price)
          break
        }
        if case .released = event {
          Issue.record("an endless body was free")
          break
        }
      }
      let record = try await shop.record(channel.id)
      #expect(record.spent == amount && record.held == .zero)
      #expect(record.accepted == amount)
      let again = try await payer.pay(try payer.voucher(channel, amount), to: shop)
      #expect(again.status == 402)
      #expect(try await market.audit(shop) == [])
    }
  }
}
