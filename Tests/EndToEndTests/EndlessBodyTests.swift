import HTTPTypes
import Hummingbird
import MPPClient
import MPPCore
import MPPHummingbird
import MarketplaceSupport
import NIOCore
import PeerSupport
import Testing

@Suite("Bodies that never end, over real sockets", .timeLimit(.minutes(1)))
struct EndlessBodyTests {
  @Test("A demand whose body never ends is given up at its deadline, and its connection with it")
  func demand() async throws {
    try await Marketplace.run { market in
      let end = Latch()
      let shop = try await market.shop { options in
        options.routes = { router, _, _ in
          router.get("endless") { _, _ -> Response in
            Response(
              status: .init(code: 402),
              body: .init(contentLength: 1_000) { writer in
                try await writer.write(ByteBuffer(string: "{"))
                await end.wait()
                throw TestFailure("no more")
              })
          }
        }
      }
      // The wait for the body is over as soon as it begins.
      let patience = EndingPatience()
      patience.end()
      let client = try PaymentClient(
        methods: [], spending: .upTo("0.01", perDay: "1"), journal: .volatile, sleeper: patience)
      let error = await failure { try await client.execute(.get(shop.url + "/endless")) }
      end.open()
      #expect(error?.code == .transport)
      try await client.shutdown()
    }
  }
}
