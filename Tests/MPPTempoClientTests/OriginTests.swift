import HTTPTypes
import MPPClient
import MPPCore
import MPPTempo
import MPPTempoClient
import MPPTesting
import PeerSupport
import Synchronization
import TempoDevnet
import Testing

/// Two sellers with one purse: the same chain, payee, token and secret, at two origins.
private final class TwoOrigins: HTTPTransport {
  let first: TestSeller
  let second: TestSeller
  /// Where an unpaid request to `https://shop.example/moved` is sent.
  static let elsewhere = "https://other.example/ping"

  init(devnet: Devnet) throws {
    first = try TestSeller(devnet: devnet)
    second = try TestSeller(devnet: devnet)
  }

  func shutdown() async {}

  func send(
    _ request: HTTPRequest, body: [UInt8]?, timeout: Duration
  ) async throws(HTTPTransportError) -> HTTPTransportResponse {
    guard request.authority == "shop.example" else {
      return try await second.send(request, body: body, timeout: timeout)
    }
    if request.path == "/moved" {
      var head = HTTPResponse(status: .temporaryRedirect)
      head.headerFields[.location] = Self.elsewhere
      return HTTPTransportResponse(head: head, body: ResponseBody([]))
    }
    return try await first.send(request, body: body, timeout: timeout)
  }
}

@Suite("One origin")
struct OriginTests {
  private let devnet: Devnet
  private let sellers: TwoOrigins
  private let client: PaymentClient

  init() throws {
    devnet = try Devnet()
    sellers = try TwoOrigins(devnet: devnet)
    var options = TempoSessionOptions()
    options.sleeper = ChainSleeper(devnet: devnet)
    client = try PaymentClient(
      methods: [
        .tempo(
          .key(devnet.accounts[0].privateKey),
          network: .transport(DevnetTransport(devnet), chainID: devnet.configuration.chainID),
          options: options)
      ], spending: .upTo("0.10", perDay: "5"), journal: .opened(TestJournal()), transport: sellers,
      clock: devnet.clock, random: SeededRandom(seed: 7))
  }

  private func get(_ url: String) async throws -> PaidResponse { try await client.execute(.get(url)) }

  @Test("A redirect to another origin is returned; nothing is sent there, nothing is paid")
  func redirect() async throws {
    let response = try await get("https://shop.example/moved")
    #expect(response.status == .temporaryRedirect)
    #expect(response.payment == nil)
    #expect(sellers.second.state.withLock { $0.requests.isEmpty })
    _ = try await get("https://shop.example/ping")
    sellers.first.state.withLock { $0.script = [.redirect(TwoOrigins.elsewhere)] }
    #expect(try await get("https://shop.example/ping").status == .temporaryRedirect)
    #expect(sellers.second.state.withLock { $0.requests.isEmpty })
  }

  @Test("A channel pays the origin it was opened for, also when payee and token are the same elsewhere")
  func channels() async throws {
    _ = try await get("https://shop.example/ping")
    _ = try await get("https://other.example/ping")
    _ = try await get("https://shop.example/ping")
    let all = try await client.channels()
    #expect(all.map(\.origin).sorted() == ["https://other.example:443", "https://shop.example:443"])
    for seller in [sellers.first, sellers.second] {
      #expect(Set(seller.state.withLock { $0.vouchers.map(\.channel) }).count == 1)
    }
    #expect(sellers.first.state.withLock { $0.vouchers.map(\.amount.units) } == [10_000, 20_000])
    #expect(sellers.second.state.withLock { $0.vouchers.map(\.amount.units) } == [10_000])
    // Nor is it closed anywhere else.
    let origin = try RequestURL("https://shop.example/").origin
    #expect(try await client.close(.origin(origin)).allSatisfy { $0.error == nil })
    #expect(sellers.second.state.withLock { $0.vouchers.allSatisfy { $0.action != .close } })
  }

  @Test("A receipt from another origin changes nothing at the one it names")
  func receipts() async throws {
    _ = try await get("https://shop.example/ping")
    _ = try await get("https://other.example/ping")
    let before = try #require(try await client.channels().first { $0.origin.contains("shop") })
    let (id, challenge) = try #require(
      sellers.first.state.withLock { state in
        state.channels.keys.first.map { ($0, state.paidChallenges.last ?? "") }
      })
    let forged = SessionReceipt(
      timestamp: devnet.clock.now, challengeID: challenge, channelID: id,
      acceptedCumulative: before.authorized, spent: before.authorized, units: 9, transactionHash: nil
    ).headerValue()
    sellers.second.state.withLock { $0.freeReceipt = forged }
    #expect(try await get("https://other.example/free").payment == nil)
    sellers.second.state.withLock { $0.script = [.receipt(forged)] }
    #expect(await failure { try await get("https://other.example/ping") }?.code == .receiptInvalid)
    #expect(try await client.channels().first { $0.origin.contains("shop") } == before)
  }
}
