import EVM
import HTTPTypes
import Hummingbird
import MPPClient
import MPPCore
import MPPHummingbird
import MPPServer
import MPPTempoClient
import MPPTesting
import MarketplaceSupport
import Tempo
import TempoDevnet
import Testing

/// A payer who cannot pay the offer it would choose pays another one that its policy allows (`01` §18.3), and never two of them.
@Suite("Falling back to another offer, over sockets", .timeLimit(.minutes(2)))
struct OfferFallbackEndToEndTests {
  private static let alpha = Offer.charge("0.01", currency: TempoAddress.alphaUSD.hex)
  private static let path = Offer.charge("0.01")
  private static let session = Offer.session("0.01", per: "request")

  private func shop(_ market: Marketplace, _ offers: [Offer], ledger: String = "ledger.db") async throws
    -> Shop
  {
    try await market.shop { options in
      options.ledger = ledger
      options.charges = { _ in }
      options.routes = { router, payments, log in
        router.group("quote").add(middleware: try payments.gate(offers: offers)).get { _, context -> String in
          log.serve()
          return "\(context.payment.method)"
        }
      }
    }
  }

  private func buy(_ client: PaymentClient, _ shop: Shop) async throws -> String {
    try await client.execute(.get(shop.url + "/quote")).body.text()
  }

  private func earned(_ market: Marketplace, _ token: Address) -> UInt128 {
    market.devnet.balance(of: market.devnet.accounts[0].address, token: token).units
      - market.devnet.configuration.initialBalance.units
  }

  private func empty(_ market: Marketplace, _ token: Address) {
    market.devnet.setBalance(.zero, of: market.devnet.accounts[1].address, token: token)
  }

  @Test("Without a balance in the token of the first offer, and without a way to get it, the second is paid")
  func noBalance() async throws {
    try await Marketplace.run { market in
      let shop = try await shop(market, [Self.alpha, Self.path])
      empty(market, TempoAddress.alphaUSD)
      let key = CountingKey(market.devnet.accounts[1].privateKey)
      let client = try market.client(payer: .signer(key))
      #expect(try await buy(client, shop) == "tempo/charge")
      #expect(key.count == 1)
      #expect(earned(market, TempoAddress.pathUSD) == 10_000)
      #expect(earned(market, TempoAddress.alphaUSD) == 0)
      // No route for an exchange: the policy does not name the token that could be given.
      let other = try await self.shop(market, [Self.path, Self.alpha], ledger: "other.db")
      market.devnet.setBalance(
        Amount(units: 1_000_000), of: market.devnet.accounts[1].address, token: TempoAddress.alphaUSD)
      empty(market, TempoAddress.pathUSD)
      var charges = MPPTempoClient.TempoChargeOptions()
      charges.autoSwap = AutoSwap()
      charges.feeToken = TempoAddress.alphaUSD
      let swapping = try market.client(payer: .signer(key), charges: charges)
      #expect(try await buy(swapping, other) == "tempo/charge")
      #expect(other.log.served == 1)
      #expect(shop.log.served == 1)
      #expect(key.count == 2)
    }
  }

  @Test("A key that may transfer and not open channels pays the charge; no signature is left over")
  func outOfScope() async throws {
    try await Marketplace.run { market in
      let shop = try await shop(market, [Self.session, Self.path])
      let owner = try AccessKeyOwner(market.devnet)
      let memo = try Selector([0x95, 0x77, 0x7d, 0x59])
      let authorization = try await owner.authorization {
        $0.allowedCalls = [
          CallScope(
            target: TempoAddress.pathUSD,
            rules: [SelectorRule(selector: memo, recipients: [market.devnet.accounts[0].address])])
        ]
      }
      let client = try market.client(payer: owner.payer(authorization))
      for _ in 0..<2 { #expect(try await buy(client, shop) == "tempo/charge") }
      #expect(owner.key.count == 2)
      #expect(owner.registrations == 1)
      #expect(try await client.channels().isEmpty)
      #expect(earned(market, TempoAddress.pathUSD) == 20_000)
      #expect(try await market.audit(shop) == [])
    }
  }

  @Test("A payer who can pay neither learns why of both, and has signed nothing")
  func none() async throws {
    try await Marketplace.run { market in
      let shop = try await shop(market, [Self.session, Self.path])
      let owner = try AccessKeyOwner(market.devnet)
      let client = try market.client(payer: owner.payer())
      let error = await #expect(throws: PaymentClientError.self) { try await buy(client, shop) }
      #expect(error?.underlying as? AccessKeyError == .notAuthorized)
      #expect(error?.alternatives.map { $0.underlying as? AccessKeyError } == [.notAuthorized])
      #expect(owner.key.count == 0)
      #expect(shop.log.served == 0)
      #expect(try await client.authorizedInPeriod() == .zero)
    }
  }

  @Test("What failed while it was signed is not tried with another offer", arguments: [true, false])
  func afterASignature(isSessionFirst: Bool) async throws {
    try await Marketplace.run { market in
      let offers = [Self.session, Self.path]
      let shop = try await shop(market, isSessionFirst ? offers : offers.reversed())
      let key = CountingKey(market.devnet.accounts[1].privateKey)
      key.fail(0)
      let client = try market.client(payer: .signer(key))
      let error = await #expect(throws: PaymentClientError.self) { try await buy(client, shop) }
      #expect(error?.code == .signing)
      #expect(error?.alternatives.isEmpty == true)
      #expect(key.count == 1)
      #expect(shop.log.served == 0)
      #expect(earned(market, TempoAddress.pathUSD) == 0)
    }
  }

  @Test("While it is not known whether an earlier payment was made, no other offer is paid for its request")
  func unfinishedPayment() async throws {
    try await Marketplace.run { market in
      let shop = try await shop(market, [Self.path, Self.alpha])
      let first = try market.client(journal: "payer.journal", transport: LosingTransport())
      await #expect(throws: PaymentClientError.self) { try await buy(first, shop) }
      try await first.shutdown()
      #expect(earned(market, TempoAddress.pathUSD) == 10_000)
      let client = try market.client(journal: "payer.journal")
      let fault = market.devnet.faults.inject(.method("eth_getTransactionReceipt"), .garbage, count: nil)
      let error = await #expect(throws: PaymentClientError.self) { try await buy(client, shop) }
      #expect(error?.code == .chain)
      #expect(error?.isRetryable == false)
      #expect(error?.alternatives.isEmpty == true)
      market.devnet.faults.remove(fault)
      #expect(earned(market, TempoAddress.alphaUSD) == 0)
      #expect(earned(market, TempoAddress.pathUSD) == 10_000)
    }
  }
}

/// Loses the answer to the first request that carries a credential.
private final class LosingTransport: HTTPTransport {
  private let inner = AsyncHTTPClientTransport()

  func send(
    _ request: HTTPRequest, body: [UInt8]?, timeout: Duration
  ) async throws(HTTPTransportError) -> HTTPTransportResponse {
    let answer = try await inner.send(request, body: body, timeout: timeout)
    guard request.headerFields[.authorization] == nil else {
      throw HTTPTransportError(.ambiguous, "the answer was lost")
    }
    return answer
  }

  func shutdown() async { await inner.shutdown() }
}
