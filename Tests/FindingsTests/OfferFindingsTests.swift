import EVM
import HTTPTypes
import Hummingbird
import MPPClient
import MPPCore
import MPPHummingbird
import MPPTempoClient
import MPPTesting
import MarketplaceSupport
import Tempo
import TempoDevnet
import Testing

/// 09 C6, C25, D9, D13, D28: a route with several offers, attacked over sockets by a paying client.
@Suite("Findings on offers", .timeLimit(.minutes(3)))
struct OfferFindingsTests {
  /// Three ways into one resource; two of them of one method.
  private enum Way: CaseIterable {
    case path
    case alpha
    case session

    var offer: Offer {
      switch self {
      case .path: .charge("0.01")
      case .alpha: .charge("0.02", currency: TempoAddress.alphaUSD.hex)
      case .session: .session("0.005", per: "request")
      }
    }

    var answer: String {
      switch self {
      case .path: "tempo/charge 10000"
      case .alpha: "tempo/charge 20000"
      case .session: "tempo/session/v2 5000"
      }
    }

    /// Allows this way and no other.
    func policy() throws -> SpendPolicy {
      let policy = try SpendPolicy.upTo("0.02", perDay: "5", depositPerChannel: "1")
      return switch self {
      case .path: policy.paying(methods: ["tempo/charge"]).paying(tokens: [TempoAddress.pathUSD.hex])
      case .alpha: policy.paying(tokens: [TempoAddress.alphaUSD.hex])
      case .session: policy.paying(methods: ["tempo/session"])
      }
    }
  }

  /// Asks one shop what it costs, and pays another.
  private final class Detour: HTTPTransport {
    private let inner = AsyncHTTPClientTransport()
    private let paid: String

    init(to shop: Shop) { paid = "127.0.0.1:\(shop.port)" }

    func send(
      _ request: HTTPRequest, body: [UInt8]?, timeout: Duration
    ) async throws(HTTPTransportError) -> HTTPTransportResponse {
      var request = request
      if request.headerFields[.authorization] != nil { request.authority = paid }
      return try await inner.send(request, body: body, timeout: timeout)
    }

    func shutdown() async { await inner.shutdown() }
  }

  private func shop(
    _ market: Marketplace, _ offers: [Offer], isReversed: Bool = false, ledger: String = "ledger.db",
    chainID: UInt64? = nil
  ) async throws -> Shop {
    var node: DevnetTransport?
    if let chainID {
      var configuration = DevnetConfiguration()
      configuration.chainID = chainID
      node = DevnetTransport(try Devnet(configuration: configuration))
    }
    return try await market.shop { [node] options in
      options.ledger = ledger
      options.isReversed = isReversed
      options.charges = { charges in
        charges.chainID = chainID ?? charges.chainID
        if let node { charges.transport = node }
      }
      options.tempo = { tempo in
        tempo.chainID = chainID ?? tempo.chainID
        if let node { tempo.transport = node }
      }
      options.routes = { router, payments, log in
        router.group("quote").add(middleware: try payments.gate(offers: offers)).get { _, context -> String in
          log.serve()
          return "\(context.payment.method) \(context.payment.amount)"
        }
      }
    }
  }

  /// Buys once in one way; what the shop's handler saw.
  private func buy(
    _ market: Marketplace, _ way: Way, from shop: Shop, paying other: Shop? = nil
  ) async throws -> String {
    let client = try market.client(spending: way.policy(), transport: other.map { Detour(to: $0) })
    let response = try await client.execute(.get(shop.url + "/quote"))
    return try await response.body.text()
  }

  private func earned(_ market: Marketplace, _ token: Address) -> UInt128 {
    let payee = market.devnet.accounts[0].address
    return market.devnet.balance(of: payee, token: token).units
      - market.devnet.configuration.initialBalance.units
  }

  private static let permutations: [[Int]] = [
    [0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0],
  ]

  @Test(
    "Neither the order of the methods nor that of the offers decides who is paid", arguments: [false, true])
  func findingC6(isReversed: Bool) async throws {
    try await Marketplace.run { market in
      let offers = Way.allCases.map(\.offer)
      let shop = try await shop(market, isReversed ? offers.reversed() : offers, isReversed: isReversed)
      for way in Way.allCases { #expect(try await buy(market, way, from: shop) == way.answer) }
      #expect(earned(market, TempoAddress.pathUSD) == 10_000)
      #expect(earned(market, TempoAddress.alphaUSD) == 20_000)
    }
  }

  @Test("The first credential a process ever sees goes to the offer it answers")
  func findingC25() async throws {
    try await Marketplace.run { market in
      let offers = Way.allCases.map(\.offer)
      let issuing = try await shop(market, offers, ledger: "issuing.db")
      for (number, way) in Way.allCases.enumerated() {
        let cold = try await shop(market, offers, ledger: "cold\(number).db")
        #expect(try await buy(market, way, from: issuing, paying: cold) == way.answer)
        #expect(cold.log.served == 1)
      }
      #expect(issuing.log.served == 0)
      #expect(issuing.log.credentials.isEmpty)
    }
  }

  @Test("The order of the offers changes nothing, and offering has no effects", arguments: permutations)
  func findingD9(order: [Int]) async throws {
    try await Marketplace.run { market in
      let shop = try await shop(market, order.map { Way.allCases[$0].offer })
      let before = market.devnet.receipts().count
      let http = RawHTTP(port: shop.port)
      let unpaid = try await http.exchange("GET", "/quote")
      let challenges = try ChallengeList(fields: unpaid.headers).challenges
      #expect(challenges.count == 3)
      for challenge in challenges {
        // Bound to its offer, with a payload that proves nothing: refused, and all offers are there again.
        let forged = Credential(challenge: challenge, payload: ["type": "nothing"]).serialized()
        let answer = try await http.exchange("GET", "/quote", headers: [("Authorization", forged)])
        #expect(answer.status == 402)
        #expect(try ChallengeList(fields: answer.headers).challenges.count == 3)
      }
      #expect(market.devnet.receipts().count == before)
      #expect(shop.log.served == 0)
      for way in Way.allCases { #expect(try await buy(market, way, from: shop) == way.answer) }
    }
  }

  @Test("The chain is part of the binding, also in a process that has served nothing; a miss is an error")
  func findingD13() async throws {
    try await Marketplace.run { market in
      let here = try await shop(market, [Way.alpha.offer, Way.path.offer], ledger: "here.db")
      let elsewhere = try await shop(
        market, [Way.alpha.offer, Way.path.offer], ledger: "elsewhere.db", chainID: 4242)
      let cold = try await shop(market, [Way.alpha.offer, Way.path.offer], ledger: "cold.db")
      let dearer = try await shop(market, [Way.alpha.offer, .charge("0.015")], ledger: "dearer.db")
      // Another chain's challenge, signed with the same secret.
      let unpaid = try await RawHTTP(port: elsewhere.port).exchange("GET", "/quote")
      for challenge in try ChallengeList(fields: unpaid.headers).challenges {
        let payload: JSONValue = ["type": "proof", "signature": "0x00"]
        let foreign = Credential(challenge: challenge, payload: payload).serialized()
        let answer = try await RawHTTP(port: here.port).exchange(
          "GET", "/quote", headers: [("Authorization", foreign)])
        #expect(answer.status == 402)
        #expect(answer.body.contains("does not match this route's requirements"), "\(answer)")
      }
      // The second of two offers of one method, in a process that has answered nothing yet.
      #expect(try await buy(market, .path, from: here, paying: cold) == Way.path.answer)
      // A price that has changed meanwhile: no other offer takes the credential, and nothing is paid.
      let before = market.devnet.receipts().count
      await #expect(throws: PaymentClientError.self) {
        try await buy(market, .path, from: here, paying: dearer)
      }
      #expect(market.devnet.receipts().count == before)
      #expect(dearer.log.served == 0)
    }
  }

  @Test(
    "An offer whose price cannot be had hides no other, and no other takes its credentials",
    arguments: [false, true])
  func findingD28(isReversed: Bool) async throws {
    struct NoPrice: Error {}
    try await Marketplace.run { market in
      let failing = Offer.charge(
        .computed { request in
          guard request.query == "priced" else { throw NoPrice() }
          return "0.01"
        })
      let offers = [failing, Way.alpha.offer]
      let shop = try await shop(market, isReversed ? offers.reversed() : offers)
      let http = RawHTTP(port: shop.port)
      let priced = try await http.exchange("GET", "/quote?priced")
      let challenges = try ChallengeList(fields: priced.headers).challenges
      #expect(challenges.count == 2)
      // While the first has no price, the other is sold all the same.
      #expect(try await buy(market, .alpha, from: shop) == Way.alpha.answer)
      // A credential for the first is refused then, and nothing of it is looked at by the other.
      let challenge = try #require(challenges.first { $0.request.value()["amount"] == "10000" })
      let proof = Credential(challenge: challenge, payload: ["type": "proof", "signature": "0x00"])
        .serialized()
      let answer = try await http.exchange("GET", "/quote", headers: [("Authorization", proof)])
      #expect(answer.status == 402)
      #expect(answer.body.contains("verification-failed"), "\(answer)")
      #expect(!answer.body.contains("NoPrice"))
      #expect(shop.log.served == 1)
    }
  }
}
