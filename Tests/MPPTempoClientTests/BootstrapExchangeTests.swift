import EVM
import HTTPTypes
import MPPClient
import MPPCore
import MPPTempo
import MPPTempoClient
import PeerSupport
import Synchronization
import TempoDevnet
import Testing

/// The `HEAD`s themselves: what goes out, to whom, how often and for how long.
@Suite("Bootstrap exchange", .timeLimit(.minutes(2)))
struct BootstrapExchangeTests {
  private func firstHang(_ desk: BootstrapDesk) async {
    for await _ in desk.hangs { return }
  }

  @Test("HEAD of the same URL with the caller's fields, without credentials and without a body's")
  func request() async throws {
    let world = try await LostJournal()
    let client = try world.client()
    var headers: HTTPFields = [.cookie: "a=b", .authorization: "Bearer secret", .contentType: "text/plain"]
    headers[ProtocolHeaders.acceptPayment] = "tempo/session"
    headers[ProtocolHeaders.paymentAuthorization] = "Payment secret"
    for name in ["Idempotency-Key", "Content-Encoding", "Transfer-Encoding", "Proxy-Authorization"] {
      headers[try #require(HTTPField.Name(name))] = "secret"
    }
    let request = ClientRequest.post("https://shop.example/ping?x=1", headers: headers, body: [1, 2])
    // The seller cannot read what the application wants of it.
    #expect(await failure { try await client.client.execute(request) }?.code == .transport)
    let heads = world.desk.heads
    try #require(heads.count == 2)
    for head in heads {
      #expect(head.path == "/ping?x=1" && head.authority == "shop.example" && head.scheme == "https")
      #expect(head.headerFields[.cookie] == "a=b")
      #expect(head.headerFields[ProtocolHeaders.acceptPayment] == "tempo/charge")
      #expect(!head.headerFields.contains { $0.value.contains("secret") })
      #expect(!head.headerFields.contains { $0.name.canonicalName.hasPrefix("content-") })
    }
    #expect(heads[0].headerFields[.authorization] == nil)
    #expect(heads[1].headerFields[.authorization]?.hasPrefix("Payment ") == true)
  }

  @Test(
    "A server that does not know it is asked once, and never again",
    arguments: [200, 204, 404, 405, 501, 503])
  func unsupported(status: Int) async throws {
    let world = try await LostJournal(paid: 0)
    world.desk.answers { _, _ in .status(status) }
    let client = try world.client()
    for _ in 0..<3 { #expect(try await client.get().status == .ok) }
    _ = try await client.client.close()
    #expect(try await client.get().status == .ok)
    #expect(world.desk.heads.count == 1)
    #expect(world.desk.credentials == 0)
  }

  @Test("A refused proof, a redirect, a failure: as if nothing were remembered, and not asked again")
  func failures() async throws {
    for answer: BootstrapDesk.Answer in [
      .status(402), .status(500), .status(302), .redirect("https://other.example/"), .fail,
    ] {
      for isProved in [false, true] {
        let world = try await LostJournal()
        let seller = world.before.seller
        world.desk.answers { _, proved in
          proved == isProved ? answer : proved ? .show : .demand([BootstrapDesk.request(seller)])
        }
        let client = try world.client()
        _ = try await client.get()
        _ = try await client.client.close()
        _ = try await client.get()
        #expect(world.desk.heads.count == (isProved ? 2 : 1), "\(answer)")
        #expect(world.desk.heads.allSatisfy { $0.authority == "shop.example" })
        #expect(try await client.client.channels().allSatisfy { $0.id != world.channel }, "\(answer)")
      }
    }
  }

  private static let unreadable = ["", "!!", "e30=", String(repeating: "A", count: 20_000)]

  @Test("Garbage in the field is nothing", arguments: unreadable.indices)
  func garbage(number: Int) async throws {
    let text = Self.unreadable[number]
    let world = try await LostJournal()
    world.desk.state.withLock { $0.text = text }
    let client = try world.client()
    #expect(try await client.get().payment?.channel != world.channel)
    #expect(world.desk.heads.count == 2)
  }

  @Test("A HEAD that hangs is given up after its time, and the request goes on", arguments: [false, true])
  func hangs(whenProved: Bool) async throws {
    let world = try await LostJournal()
    let seller = world.before.seller
    world.desk.answers { _, isProved in
      isProved == whenProved ? .hang : .demand([BootstrapDesk.request(seller)])
    }
    let patience = EndingPatience()
    let client = try world.client(sleeper: patience)
    async let answer = client.get()
    await firstHang(world.desk)
    #expect(client.seller.state.withLock { $0.requests.filter { $0.method == .get }.count } == 6)
    patience.end()
    #expect(try await answer.payment?.channel != world.channel)
    #expect(world.desk.heads.count == (whenProved ? 2 : 1))
  }

  @Test("Ten seconds each at most, and never longer than any request")
  func timeouts() async throws {
    for (wanted, expected): (Duration, Duration) in [
      (.seconds(60), .seconds(10)), (.seconds(3), .seconds(3)),
    ] {
      let world = try await LostJournal()
      var options = ClientOptions()
      options.requestTimeout = wanted
      _ = try await world.client(client: options).get()
      #expect(world.desk.state.withLock { $0.timeouts } == [expected, expected])
    }
  }

  @Test("A caller that is cancelled gets nothing paid, and the next one asks again")
  func cancelled() async throws {
    let world = try await LostJournal()
    let seller = world.before.seller
    let count = Counter()
    world.desk.answers { _, isProved in
      count.next() == 1 ? .hang : isProved ? .show : .demand([BootstrapDesk.request(seller)])
    }
    let client = try world.client()
    let requests = seller.state.withLock { $0.requests.count }
    let first = Task { await failure { try await client.get() }?.code }
    await firstHang(world.desk)
    let second = Task { try await client.get().payment?.channel }
    first.cancel()
    #expect(await first.value == .cancelled)
    #expect(try await second.value == world.channel)
    #expect(world.desk.heads.count == 3)
    #expect(seller.state.withLock { $0.requests.count } == requests + 2)
    #expect(client.broadcasts.count == 1)
  }

  @Test("Requests to another origin do not wait, and each origin has a proof of its own")
  func otherOrigins() async throws {
    let world = try await LostJournal(paid: 0)
    let seller = world.before.seller
    world.desk.state.withLock { $0.realm = "other.example" }
    world.desk.answers { head, isProved in
      head.authority == "shop.example" ? .hang : isProved ? .show : .demand([BootstrapDesk.request(seller)])
    }
    let client = try world.client()
    let first = Task { await failure { try await client.get() }?.code }
    await firstHang(world.desk)
    #expect(try await client.client.execute(.get("https://other.example/ping")).status == .ok)
    #expect(world.desk.heads.map(\.authority) == ["shop.example", "other.example", "other.example"])
    first.cancel()
    #expect(await first.value == .cancelled)
  }

  @Test(
    "No proof for the realm of another host; that of this host, a domain above it or an allowed one gets it")
  func realms() async throws {
    for (realm, isProved) in [
      ("other.example", false), ("shop.example", true), ("example", true), ("shop.example.evil.com", false),
      ("evilshop.example", false),
    ] {
      let world = try await LostJournal()
      world.desk.state.withLock { $0.realm = realm }
      #expect(try await world.client().get().status == .ok)
      #expect((world.desk.credentials == 1) == isProved, "\(realm)")
    }
  }

  @Test("Over plain HTTP only this machine is asked; whom the policy never pays is not asked either")
  func whom() async throws {
    let plain = try await LostJournal()
    let client = try plain.client()
    #expect(
      await failure { try await client.client.execute(.get("http://shop.example/ping")) }?.code
        == .insecureTransport)
    #expect(plain.desk.heads.isEmpty)
    plain.desk.state.withLock { $0.realm = "shop" }
    _ = try await client.client.execute(.get("http://127.0.0.1/ping"))
    #expect(plain.desk.credentials == 1)

    let limits = try SpendPolicy.upTo("0.10", perDay: "5")
    for policy in [
      try limits.paying(origins: ["https://other.example"]), limits.paying(methods: ["tempo/session"]),
    ] {
      let world = try await LostJournal()
      let client = try world.client(spending: policy)
      _ = await failure { try await client.get() }
      #expect(world.desk.heads.isEmpty)
    }
    for policy in [
      limits.paying(tokens: ["0x20c0000000000000000000000000000000000000"]),
      limits.paying(recipients: [plain.before.signer.address.hex]),
    ] {
      let world = try await LostJournal()
      let client = try world.client(spending: policy)
      _ = await failure { try await client.get() }
      #expect(world.desk.credentials == 0)
    }
    var options = ClientOptions()
    options.preferences = ["tempo/charge": .none]
    let world = try await LostJournal()
    _ = try await world.client(client: options).get()
    #expect(world.desk.heads.isEmpty)
  }

  @Test("A request of one thousand and twenty-five origins: the last is not asked")
  func bounded() async throws {
    let world = try await LostJournal(paid: 0)
    world.desk.answers { _, _ in .status(404) }
    let client = try world.client()
    for number in 0..<1_025 {
      _ = try await client.client.execute(.get("https://shop\(number).example/free"))
    }
    #expect(world.desk.heads.count == 1_024)
  }
}
