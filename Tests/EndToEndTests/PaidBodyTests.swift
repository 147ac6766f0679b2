import HTTPTypes
import Hummingbird
import MPPClient
import MPPCore
import MPPHummingbird
import MPPTempoClient
import MarketplaceSupport
import Synchronization
import Tempo
import TempoDevnet
import Testing

/// Charged bodies over real sockets: digests, limits and streams.
@Suite("Charged bodies", .timeLimit(.minutes(2)))
struct PaidBodyTests {
  private func shop(_ market: Marketplace, limit: Int = 1 << 20) async throws -> Shop {
    try await market.shop { options in
      options.charges = { _ in }
      options.limits = ServerLimits(maxBodyBytes: limit)
      options.routes = { router, payments, log in
        router.group("count").add(middleware: payments.charge("0.01")).post { request, _ -> String in
          log.serve()
          return "\(try await request.body.collect(upTo: 1 << 20).readableBytes)"
        }
        router.group("free").post { request, _ -> String in
          "\(try await request.body.collect(upTo: 1 << 20).readableBytes)"
        }
      }
    }
  }

  private static func chunks(_ count: Int) -> AsyncStream<[UInt8]> {
    AsyncStream { continuation in
      for number in 0..<count {
        continuation.yield([UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 1_000))
      }
      continuation.finish()
    }
  }

  private func earned(_ market: Marketplace) -> UInt128 {
    market.devnet.balance(of: market.devnet.accounts[0].address).units
      - market.devnet.configuration.initialBalance.units
  }

  @Test("A body is paid for, of known and of unknown length, from memory and from a stream", arguments: 0..<4)
  func paid(kind: Int) async throws {
    try await Marketplace.run { market in
      let shop = try await shop(market)
      let client = try market.client()
      let url = shop.url + "/count"
      let request: ClientRequest =
        switch kind {
        case 0: .post(url, body: [])
        case 1: .post(url, body: [UInt8](repeating: 7, count: 20_000))
        case 2: .post(url, stream: .replayable { Self.chunks(20) })
        default: .post(url, stream: .replayable(length: 20_000) { Self.chunks(20) })
        }
      let response = try await client.execute(request)
      #expect(response.status == .ok)
      #expect(try await response.body.text() == (kind == 0 ? "0" : "20000"))
      #expect(response.payment?.actions == ["pull"])
      #expect(earned(market) == 10_000)
      #expect(shop.log.served == 1)
    }
  }

  @Test("A stream that can be read once is not paid for, and goes through where nothing is asked")
  func once() async throws {
    try await Marketplace.run { market in
      let before = market.devnet.receipts().count
      let shop = try await shop(market)
      let client = try market.client()
      let error = await #expect(throws: PaymentClientError.self) {
        try await client.execute(.post(shop.url + "/count", stream: .once(Self.chunks(3))))
      }
      #expect(error?.code == .bodyNotReplayable)
      #expect(shop.log.credentials.isEmpty)
      #expect(market.devnet.receipts().count == before)
      let free = try await client.execute(.post(shop.url + "/free", stream: .once(Self.chunks(3))))
      #expect(try await free.body.text() == "3000")
    }
  }

  @Test(
    "A body over the limit is refused before any payment work, also when its length is not announced",
    arguments: 0..<3)
  func tooLarge(kind: Int) async throws {
    try await Marketplace.run { market in
      let before = market.devnet.receipts().count
      let shop = try await shop(market, limit: 1_999)
      let client = try market.client()
      let url = shop.url + "/count"
      let request: ClientRequest =
        switch kind {
        case 0: .post(url, body: [UInt8](repeating: 7, count: 2_000))
        case 1: .post(url, stream: .replayable(length: 2_000) { Self.chunks(2) })
        default: .post(url, stream: .replayable { Self.chunks(2) })
        }
      let response = try await client.execute(request)
      #expect(response.status.code == 413)
      #expect(response.payment == nil)
      #expect(shop.log.credentials.isEmpty)
      #expect(market.devnet.receipts().count == before)
    }
  }
}
