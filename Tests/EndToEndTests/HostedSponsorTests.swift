import EVM
import HTTPTypes
import Hummingbird
import MPPClient
import MPPCore
import MPPHummingbird
import MPPServer
import MPPTempoServer
import MarketplaceSupport
import NIOCore
import Synchronization
import Tempo
import TempoDevnet
import TempoRPC
import Testing

/// A shop whose customers' fees are paid by somebody at a URL.
@Suite("A hosted fee payer, over sockets (03 §15 F1, F2)", .timeLimit(.minutes(2)))
struct HostedSponsorTests {
  private func shop(_ market: Marketplace, _ host: FeePayerHost) async throws -> Shop {
    try await market.shop { options in
      options.tempo = { $0.feePayer = FeePayerOptions(host: host) }
      options.charges = { $0.feePayer = FeePayerOptions(host: host) }
      options.routes = { router, payments, log in
        router.group("quote").add(middleware: try payments.gate(offers: [.charge("0.01")])).get { _, _ in
          log.serve()
          return "quote"
        }
      }
    }
  }

  private func balance(_ market: Marketplace, _ account: Address) -> UInt128 {
    market.devnet.balance(of: account).units
  }

  /// How often something was broadcast, as the chain's log tells over HTTP.
  private func broadcasts(_ market: Marketplace) async throws -> Int {
    let request = #"{"jsonrpc":"2.0","id":1,"method":"devnet_rpcLog","params":[]}"#
    let answer = try await AsyncHTTPRPCTransport(url: market.rpcURL).send(
      Array(request.utf8), timeoutMilliseconds: 10_000)
    let entries = try #require(try JSONValue(parsing: answer)["result"]?.arrayValue)
    return entries.count { $0["method"]?.stringValue?.hasPrefix("eth_sendRaw") == true }
  }

  @Test("F1: a charge and a session cost the payer their prices, the host the fees")
  func paid() async throws {
    try await Marketplace.run { market in
      let sponsor = market.devnet.sponsor.address
      let payer = market.devnet.accounts[1].address
      let before = (payer: balance(market, payer), sponsor: balance(market, sponsor))
      let shop = try await shop(market, .url(market.rpcURL + "/sponsor", sponsor: sponsor))
      let client = try market.client()
      #expect(try await client.execute(.get(shop.url + "/quote")).body.text() == "quote")
      #expect(balance(market, payer) == before.payer - 10_000)
      #expect(try await client.execute(.get(shop.url + "/ping")).body.text() == "ping")
      #expect(try await client.close().count == 1)
      let sponsored = market.devnet.receipts().filter { $0.sender == payer }
      #expect(sponsored.count == 2)
      #expect(sponsored.allSatisfy { $0.feePayer == sponsor && $0.succeeded })
      let fees = sponsored.reduce(UInt128(0)) { $0 + $1.fee.units }
      #expect(balance(market, payer) == before.payer - 20_000)
      #expect(balance(market, sponsor) == before.sponsor - fees)
      #expect(market.devnet.requestCount("eth_fillTransaction") == 2)
      #expect(try await market.audit(shop) == [])
    }
  }

  @Test(
    "F2: nothing is broadcast when the sponsor lies", arguments: ["token", "key", "none"],
    ["/quote", "/ping"])
  func lies(_ lie: String, path: String) async throws {
    try await Marketplace.run { market in
      let shop = try await shop(market, .url(market.rpcURL + "/sponsor"))
      switch lie {
      case "token": market.devnet.sponsorPolicy.feeToken = TempoAddress.alphaUSD
      case "key": market.devnet.sponsorPolicy.signsWithWrongKey = true
      default: market.devnet.sponsorPolicy.omittedMembers = ["feeToken"]
      }
      let payer = market.devnet.accounts[1].address
      let before = balance(market, payer)
      let response = try? await market.client().execute(.get(shop.url + path))
      #expect(response?.status != .ok)
      #expect(market.devnet.requestCount("eth_fillTransaction") > 0)
      #expect(try await broadcasts(market) == 0)
      #expect(balance(market, payer) == before)
      #expect(shop.log.served == 0)
    }
  }

  @Test(
    "A host that sends elsewhere, never ends, or answers something else is not followed, waited for or read",
    arguments: ["redirect", "moved", "stall", "large", "missing", "refusing", "broken"])
  func hostile(_ path: String) async throws {
    try await Marketplace.run { market in
      let target = market.rpcURL + "/sponsor"
      let stalled = StalledBodies()
      defer { stalled.end() }
      let evil = try await market.shop { options in
        options.ledger = nil
        options.routes = { router, _, _ in Self.addRoutes(router, target, stalled) }
      }
      var host = FeePayerHost(url: evil.url + "/" + path)
      host.timeoutMilliseconds = 250
      let shop = try await shop(market, host)
      let response = try? await market.client().execute(.get(shop.url + "/quote"))
      #expect(response?.status != .ok)
      #expect(market.devnet.requestCount("eth_fillTransaction") == 0)
      #expect(try await broadcasts(market) == 0)
      #expect(shop.log.served == 0)
    }
  }

  private static func addRoutes(
    _ router: Router<PaidRequestContext>, _ target: String, _ stalled: StalledBodies
  ) {
    router.post("redirect") { _, _ in Response(status: .temporaryRedirect, headers: [.location: target]) }
    router.post("moved") { _, _ in Response(status: .movedPermanently, headers: [.location: target]) }
    router.post("missing") { _, _ in Response(status: .notFound) }
    router.post("refusing") { _, _ in
      let text = #"{"jsonrpc":"2.0","id":1,"result":{"tx":{}}}"#
      return Response(status: .forbidden, body: .init(byteBuffer: ByteBuffer(string: text)))
    }
    router.post("broken") { _, _ in Response(status: .internalServerError) }
    router.post("large") { _, _ in
      Response(status: .ok, body: .init(byteBuffer: ByteBuffer(repeating: 0x20, count: 2 << 20)))
    }
    router.post("stall") { _, _ in Response(status: .ok, body: .init(asyncSequence: stalled.next())) }
  }
}

/// Bodies that begin, and go on when the test is over.
private final class StalledBodies: Sendable {
  private let open = Mutex<[AsyncStream<ByteBuffer>.Continuation]>([])

  func next() -> AsyncStream<ByteBuffer> {
    let (chunks, continuation) = AsyncStream<ByteBuffer>.makeStream()
    continuation.yield(ByteBuffer(string: "{"))
    open.withLock { $0.append(continuation) }
    return chunks
  }

  func end() {
    for continuation in open.withLock({ $0 }) { continuation.finish() }
  }
}
