import EVM
import HTTPTypes
import MPPClient
import MPPCore
import MPPTempoClient
import MPPTesting
import MarketplaceSupport
import PeerSupport
import Synchronization
import Tempo
import TempoDevnet
import Testing

/// Something between client and server answers in the server's place: a second payment is signed only when the first can never be
/// included (`06` §1.16).
@Suite("Charges behind a gateway", .timeLimit(.minutes(1)))
struct ChargeGatewayTests {
  /// Answers requests with a credential itself.
  private final class Gateway: HTTPTransport {
    struct Plan {
      /// Statuses of the next paid requests, in order; afterwards the stall answers.
      var statuses: [Int] = []
      /// Whether the stall gets the request all the same.
      var passesOn = false
      /// Whether the answer of the stall keeps its receipt.
      var keepsReceipt = false
      var receipt: String?
      var losesConnection = false
    }

    let stall: ChargeStall
    let plan = Mutex(Plan())
    init(_ stall: ChargeStall) { self.stall = stall }

    func send(
      _ head: HTTPRequest, body: [UInt8]?, timeout: Duration
    ) async throws(HTTPTransportError) -> HTTPTransportResponse {
      guard head.headerFields[.authorization] != nil else {
        return try await stall.send(head, body: body, timeout: timeout)
      }
      let now = plan.withLock { plan in
        let now = plan
        if !plan.statuses.isEmpty { plan.statuses.removeFirst() }
        return now
      }
      if now.losesConnection { throw HTTPTransportError(.ambiguous, "lost") }
      guard let status = now.statuses.first else {
        return try await stall.send(head, body: body, timeout: timeout)
      }
      var fields = HTTPFields()
      if now.passesOn {
        let answer = try await stall.send(head, body: body, timeout: timeout)
        if now.keepsReceipt {
          fields[ProtocolHeaders.paymentReceipt] = answer.head.headerFields[ProtocolHeaders.paymentReceipt]
        }
      }
      if let receipt = now.receipt { fields[ProtocolHeaders.paymentReceipt] = receipt }
      return HTTPTransportResponse(
        head: HTTPResponse(status: .init(code: status), headerFields: fields),
        body: ResponseBody(Array("gateway".utf8)))
    }

    func shutdown() async {}
  }

  private struct Buyer {
    let stall: ChargeStall
    let gateway: Gateway
    let key: CountingKey
    let journal = TestJournal()

    init() async throws {
      stall = try await ChargeStall(try Devnet())
      gateway = Gateway(stall)
      key = CountingKey(stall.devnet.accounts[1].privateKey)
    }

    /// A process of its own on the same journal.
    func buy(_ path: String) async throws -> PaidResponse {
      try await stall.client(as: .signer(key), journal: journal, transport: gateway)
        .execute(stall.get(path))
    }

    func plan(_ change: (inout Gateway.Plan) -> Void) { gateway.plan.withLock { change(&$0) } }
  }

  @Test(
    "An answer of 400 and above without a receipt is no delivery: the same payment is presented again",
    arguments: ["/paid", "/push"],
    [400, 401, 403, 404, 405, 408, 409, 410, 413, 422, 425, 429, 451, 499, 500, 502])
  func presentedAgain(path: String, status: Int) async throws {
    let buyer = try await Buyer()
    buyer.plan { $0.statuses = [status] }
    let first = try await buyer.buy(path)
    #expect(first.status.code == status)
    #expect(first.payment?.amount == .zero)
    #expect(first.payment?.exposure.authorized.units == ChargeStall.price)
    let second = try await buyer.buy(path)
    #expect(second.status == .ok)
    #expect(second.payment?.actions == ["again"])
    #expect(second.payment?.exposure == PaymentClientError.Exposure.none)
    #expect(buyer.key.count == 1)
    #expect(buyer.stall.payments.count == 1)
    #expect(buyer.stall.deliveries == 1)
    // What was delivered is over.
    #expect(try await buyer.buy(path).payment?.actions == [path == "/push" ? "push" : "pull"])
  }

  @Test(
    "Used behind the gateway's back: the server's refusal ends it, and nothing was paid twice till then",
    arguments: ["/paid", "/push"])
  func usedUnseen(path: String) async throws {
    let buyer = try await Buyer()
    buyer.plan {
      $0.statuses = [404]
      $0.passesOn = true
    }
    #expect(try await buyer.buy(path).status.code == 404)
    buyer.plan { $0.statuses = [] }
    let error = await failure { try await buyer.buy(path) }
    #expect(error?.code == .paymentRefused)
    #expect(error?.exposure.authorized.units == ChargeStall.price)
    #expect(buyer.key.count == 1)
    #expect(buyer.stall.payments.count == 1)
  }

  @Test("A good receipt says that the payment was used, whatever the status", arguments: [404, 429, 500])
  func receiptDecides(status: Int) async throws {
    let buyer = try await Buyer()
    buyer.plan {
      $0.statuses = [status]
      $0.passesOn = true
      $0.keepsReceipt = true
    }
    let first = try await buyer.buy("/paid")
    #expect(first.status.code == status)
    #expect(first.payment?.amount.units == ChargeStall.price)
    #expect(first.payment?.receipt != nil)
    #expect(try await buyer.buy("/paid").payment?.actions == ["pull"])
    #expect(buyer.stall.payments.count == 2)
  }

  @Test("A bad one says nothing")
  func badReceipt() async throws {
    let buyer = try await Buyer()
    buyer.plan {
      $0.statuses = [429]
      $0.receipt = "!!"
    }
    let error = await failure { try await buyer.buy("/paid") }
    #expect(error?.code == .receiptInvalid)
    #expect(error?.exposure.authorized.units == ChargeStall.price)
    #expect(try await buyer.buy("/paid").payment?.actions == ["again"])
    #expect(buyer.stall.payments.count == 1)
  }

  @Test("Statuses that ask to come again are no refusal, however often they come")
  func comeAgain() async throws {
    let buyer = try await Buyer()
    for status in [429, 408, 409, 425, 429, 409, 408, 429] {
      buyer.plan { $0.statuses = [status] }
      #expect(try await buyer.buy("/push").status.code == status)
    }
    #expect(try await buyer.buy("/push").payment?.actions == ["again"])
    #expect(buyer.key.count == 1)
  }

  @Test("The others are refusals: a payment on the chain that is refused often enough counts as used")
  func refusedOften() async throws {
    let buyer = try await Buyer()
    for _ in 0..<4 {
      buyer.plan { $0.statuses = [404] }
      #expect(try await buyer.buy("/push").status.code == 404)
    }
    #expect(buyer.key.count == 1)
    #expect(try await buyer.buy("/push").payment?.actions == ["push"])
    #expect(buyer.key.count == 2)
  }

  @Test("One that nobody has broadcast is kept until it can never be included")
  func neverBroadcast() async throws {
    let buyer = try await Buyer()
    for _ in 0..<6 {
      buyer.plan { $0.statuses = [404] }
      #expect(try await buyer.buy("/paid").status.code == 404)
    }
    #expect(buyer.key.count == 1)
    #expect(buyer.stall.payments.isEmpty)
    buyer.stall.devnet.clock.advance(seconds: 120)
    buyer.stall.devnet.mine()
    #expect(try await buyer.buy("/paid").payment?.actions == ["pull"])
    #expect(buyer.key.count == 2)
    #expect(buyer.stall.payments.count == 1)
  }
}
