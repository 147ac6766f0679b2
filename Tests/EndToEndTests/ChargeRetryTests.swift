import EVM
import HTTPTypes
import MPPClient
import MPPCore
import MPPServer
import MPPTempo
import MPPTempoClient
import MPPTempoServer
import MPPTesting
import MarketplaceSupport
import PeerSupport
import Synchronization
import Tempo
import TempoDevnet
import TempoRPC
import Testing

/// A second payment is signed only when the first can never be included (`06` §1.16, `05` §7.5).
@Suite("When a charge counts as dead", .timeLimit(.minutes(1)))
struct ChargeRetryTests {
  /// A server that takes every payment and never says so.
  private final class Swallower: HTTPTransport {
    private let stall: ChargeStall
    private let broadcasts: Bool
    private let hasSwallowed = Mutex(false)

    init(_ stall: ChargeStall, broadcasts: Bool) {
      self.stall = stall
      self.broadcasts = broadcasts
    }

    func send(
      _ head: HTTPRequest, body: [UInt8]?, timeout: Duration
    ) async throws(HTTPTransportError) -> HTTPTransportResponse {
      guard let value = head.headerFields[.authorization] else {
        return try await stall.send(head, body: body, timeout: timeout)
      }
      let isFirst = hasSwallowed.withLock { swallowed in
        defer { swallowed = true }
        return !swallowed
      }
      guard isFirst else {
        // Refused, with a fresh challenge.
        var unpaid = head
        unpaid.headerFields[.authorization] = nil
        return try await stall.send(unpaid, body: body, timeout: timeout)
      }
      do {
        let credential = try Credential(parsing: value)
        if broadcasts, case .transaction(let bytes) = try ChargePayload(parsing: credential.payload) {
          let chain = ChainClient(transport: DevnetTransport(stall.devnet), clock: stall.devnet.clock)
          _ = try await chain.sendRawTransaction(bytes)
        }
      } catch {
        throw HTTPTransportError(.ambiguous, "\(error)")
      }
      throw HTTPTransportError(.ambiguous, "the answer is lost")
    }

    func shutdown() async {}
  }

  private struct Buyer {
    let stall: ChargeStall
    let key: CountingKey
    let client: PaymentClient
    let journal = TestJournal()
    let path: String

    init(_ path: String, broadcasts: Bool) async throws {
      let devnet = try Devnet()
      stall = try await ChargeStall(devnet, offers: path == "/sponsored" ? ["/sponsored": []] : [:]) {
        if path == "/sponsored" { $0.feePayer = FeePayerOptions(signer: devnet.sponsor.signer) }
      }
      key = CountingKey(devnet.accounts[1].privateKey)
      self.path = path
      client = try stall.client(
        as: .signer(key), journal: journal, transport: Swallower(stall, broadcasts: broadcasts))
    }

    func buy() async -> PaymentClientError? {
      await failure { try await client.execute(stall.get(path)) }
    }

    func pass(seconds: Int64) {
      stall.devnet.clock.advance(seconds: seconds)
      stall.devnet.mine()
    }
  }

  @Test("A node that has lost sight of an included payment does not lead to a second one")
  func hiddenReceipt() async throws {
    let buyer = try await Buyer("/paid", broadcasts: true)
    let faults = buyer.stall.devnet.faults
    faults.inject(.broadcast, .hideReceipt(polls: 10_000))
    let logs = faults.inject(.method("eth_getLogs"), .patchResult(.array([])), count: nil)
    #expect(await buyer.buy()?.code == .transport)
    #expect(buyer.stall.payments.count == 1)
    // Past its end, and still within the margin.
    buyer.pass(seconds: 27)
    #expect(await buyer.buy()?.code == .outcomeUnknown)
    #expect(buyer.key.count == 1)
    // Past the margin its transfer is found, whatever became of its receipt.
    faults.remove(logs)
    buyer.pass(seconds: 60)
    let error = await buyer.buy()
    #expect(error?.code == .paymentRefused)
    #expect(error?.exposure.authorized.units == ChargeStall.price)
    #expect(buyer.key.count == 1)
    #expect(buyer.stall.payments.count == 1)
  }

  @Test("A block that the node names and does not serve proves nothing")
  func unservedBlock() async throws {
    let buyer = try await Buyer("/paid", broadcasts: false)
    #expect(await buyer.buy()?.code == .transport)
    buyer.pass(seconds: 60)
    // Reads of a block by its number fail; the first read is the head.
    let rule = buyer.stall.devnet.faults.inject(
      .method("eth_getBlockByNumber"), .rpcError(code: -32000, message: "unknown block"), skip: 1, count: nil)
    #expect(await buyer.buy()?.code == .chain)
    #expect(buyer.key.count == 1)
    buyer.stall.devnet.faults.remove(rule)
    #expect(await buyer.buy() != nil)
    #expect(buyer.key.count == 2)
  }

  @Test(
    "Absent at the end of its validity is not yet dead; dead after the margin",
    arguments: ["/paid", "/sponsored"])
  func margin(_ path: String) async throws {
    let buyer = try await Buyer(path, broadcasts: false)
    #expect(await buyer.buy()?.code == .transport)
    buyer.pass(seconds: 27)
    #expect(await buyer.buy()?.code == .outcomeUnknown)
    #expect(buyer.key.count == 1)
    buyer.pass(seconds: 30)
    _ = await buyer.buy()
    #expect(buyer.key.count == 2)
  }

  /// A server whose node lags: the first presentations of a payment are refused, with a fresh challenge.
  private final class Doubter: HTTPTransport {
    private let stall: ChargeStall
    private let doubts: Mutex<Int>

    init(_ stall: ChargeStall, doubts: Int) {
      self.stall = stall
      self.doubts = Mutex(doubts)
    }

    func send(
      _ head: HTTPRequest, body: [UInt8]?, timeout: Duration
    ) async throws(HTTPTransportError) -> HTTPTransportResponse {
      var head = head
      let isRefused =
        head.headerFields[.authorization] != nil
        && doubts.withLock { doubts in
          doubts -= 1
          return doubts >= 0
        }
      if isRefused { head.headerFields[.authorization] = nil }
      return try await stall.send(head, body: body, timeout: timeout)
    }

    func shutdown() async {}
  }

  @Test("A pushed payment that the server's node does not show yet is presented again, and never made twice")
  func pushedAndNotSeen() async throws {
    let stall = try await ChargeStall(try Devnet())
    let key = CountingKey(stall.devnet.accounts[1].privateKey)
    let client = try stall.client(as: .signer(key), transport: Doubter(stall, doubts: 2))
    #expect(try await client.execute(stall.get("/push")).status == .ok)
    #expect(stall.payments.count == 1)
    #expect(key.count == 1)
    #expect(stall.deliveries == 1)
  }

  @Test("One that is refused for longer is kept for the next request, and for the next process")
  func pushedAndRefusedForLong() async throws {
    let stall = try await ChargeStall(try Devnet())
    let key = CountingKey(stall.devnet.accounts[1].privateKey)
    let journal = TestJournal()
    let client = try stall.client(as: .signer(key), journal: journal, transport: Doubter(stall, doubts: 5))
    let error = await failure { try await client.execute(stall.get("/push")) }
    #expect(error?.code == .paymentRefused)
    #expect(error?.exposure.authorized.units == ChargeStall.price)
    let next = try stall.client(as: .signer(key), journal: TestJournal(copying: journal))
    #expect(try await next.execute(stall.get("/push")).payment?.actions == ["again"])
    #expect(key.count == 1)
    #expect(stall.payments.count == 1)
  }

  @Test("One that is refused in two requests counts as used: the third one pays")
  func pushedAndUsed() async throws {
    let stall = try await ChargeStall(try Devnet())
    let key = CountingKey(stall.devnet.accounts[1].privateKey)
    let journal = TestJournal()
    let client = try stall.client(as: .signer(key), journal: journal, transport: Doubter(stall, doubts: 10))
    #expect(await failure { try await client.execute(stall.get("/push")) }?.code == .paymentRefused)
    let next = try stall.client(
      as: .signer(key), journal: TestJournal(copying: journal), transport: Doubter(stall, doubts: 5))
    let error = await failure { try await next.execute(stall.get("/push")) }
    #expect(error?.code == .paymentRefused)
    #expect(key.count == 1)
    #expect(try await next.execute(stall.get("/push")).payment?.actions == ["push"])
    #expect(stall.payments.count == 2)
  }

  @Test("A node of another chain does not show that a payment is dead")
  func wrongChain() async throws {
    let buyer = try await Buyer("/paid", broadcasts: true)
    #expect(await buyer.buy()?.code == .transport)
    var configuration = DevnetConfiguration()
    configuration.chainID = 4242
    let other = try Devnet(configuration: configuration)
    other.clock.advance(seconds: 3_600)
    other.mine()
    for named in [buyer.stall.devnet.chainID, nil] {
      let wrong = try PaymentClient(
        methods: [
          .tempo(.signer(buyer.key), network: .transport(DevnetTransport(other), chainID: named))
        ], spending: .upTo("0.01", perDay: "1"), journal: .opened(TestJournal(copying: buyer.journal)),
        transport: buyer.stall, clock: buyer.stall.devnet.clock)
      let error = await failure { try await wrong.execute(buyer.stall.get("/paid")) }
      #expect(error?.code == (named == nil ? .untrustedTerms : .wrongChain))
    }
    #expect(buyer.key.count == 1)
  }

  @Test("Charges that have ended leave their place in the journal to the next ones")
  func places() async throws {
    let stall = try await ChargeStall(try Devnet())
    let journal = TestJournal()
    let client = try stall.client(journal: journal)
    for _ in 0..<5 { #expect(try await client.execute(stall.get("/paid")).status == .ok) }
    #expect(try await journal.records(kind: "charge").count == 1)
    // One that is not finished keeps its place, and is found after a restart.
    stall.loseNextPaidRequest()
    #expect(await failure { try await client.execute(stall.get("/paid")) } != nil)
    let copy = TestJournal(copying: journal)
    #expect(try await client.execute(stall.get("/push")).status == .ok)
    #expect(try await journal.records(kind: "charge").count == 2)
    let next = try stall.client(journal: copy)
    #expect(try await next.execute(stall.get("/paid")).payment?.actions == ["again"])
    #expect(stall.payments.count == 7)
  }

  @Test("A charge written by an earlier version, without its chain, is presented again")
  func earlierForm() async throws {
    let stall = try await ChargeStall(try Devnet())
    let journal = TestJournal()
    stall.loseNextPaidRequest()
    let client = try stall.client(journal: journal)
    #expect(await failure { try await client.execute(stall.get("/paid")) } != nil)
    let record = try #require(try await journal.records(kind: "charge").first)
    guard case .object(let members) = try JSONValue(parsing: record.body) else {
      throw TestFailure("no object")
    }
    let earlier = JSONValue.object(members.filter { !["chainId", "sponsored", "evidence"].contains($0.key) })
    try await journal.write([
      JournalRecord(
        kind: "charge", key: record.key, version: record.version + 1, body: Array(earlier.serialized().utf8))
    ])
    let next = try stall.client(journal: journal)
    #expect(try await next.execute(stall.get("/paid")).payment?.actions == ["again"])
    #expect(stall.payments.count == 1)
  }
}
