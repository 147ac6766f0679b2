import EVM
import HTTPTypes
import Hummingbird
import MPPClient
import MPPCore
import MPPHummingbird
import MPPTempo
import MPPTempoClient
import MPPTesting
import MarketplaceSupport
import PeerSupport
import Synchronization
import Tempo
import TempoDevnet
import Testing

/// 09 C: TIP-1034 sessions.
@Suite("Findings C", .timeLimit(.minutes(3)))
struct FindingsCTests {
  @Test("The server's verdict on a voucher signature is the chain's")
  func findingC3() async throws {
    try await Marketplace.run { market in
      let shop = try await market.shop()
      let buyer = HandBuyer(market, shop)
      for (name, change) in SignatureCases.all {
        let channel = try await buyer.opened()
        let signature = try change(channel, 20_000)
        let payload = try channel.voucher(20_000) { $0.signature = signature }
        let answer = try await buyer.send(payload, "POST", body: "")
        let chain = try await SignatureCases.settles(channel, 20_000, signature, market.devnet)
        let expected = chain && !SignatureCases.strictlyRefused.contains(name)
        #expect((answer.status == 204) == expected, "\(name): server \(answer), chain \(chain)")
        if !expected { #expect([402].contains(answer.status), "\(name): \(answer)") }
      }
    }
  }

  @Test("A channel is used only for the terms it was opened under")
  func findingC4() async throws {
    typealias Edit = @Sendable (inout SessionRequest) -> Void
    let other = try SpelledAddress("0x2222222222222222222222222222222222222222")
    let edits: [Edit] = [
      { $0.methodDetails.operator = other }, { $0.recipient = other.text },
      { $0.currency = TempoAddress.betaUSD.hex },
    ]
    for edit in edits {
      let fixture = try SessionFixture.overSocket()
      _ = try await fixture.get()
      let first = try #require(fixture.seller.state.withLock { $0.vouchers.first })
      fixture.seller.state.withLock { $0.requestEdit = edit }
      _ = await failure { try await fixture.get() }
      let onFirst = fixture.seller.state.withLock { $0.vouchers.filter { $0.channel == first.channel } }
      #expect(onFirst.map(\.amount.units) == [10_000])
    }
    for edit: Edit in [{ $0.methodDetails.escrowContract = other }, { $0.methodDetails.chainID = 4217 }] {
      let fixture = try SessionFixture.overSocket()
      _ = try await fixture.get()
      let signed = fixture.signer.count
      fixture.seller.state.withLock { $0.requestEdit = edit }
      #expect(await failure { try await fixture.get() }?.code == .untrustedTerms)
      #expect(fixture.signer.count == signed)
    }
  }

  @Test("A finite cap by default: no suggestion, snapshot or requirement passes it, nor a recovery")
  func findingC18() async throws {
    let fixture = try SessionFixture.overSocket(spending: .upTo("0.01", perDay: "0.05"))
    fixture.seller.state.withLock { $0.suggestedDeposit = .maxUInt96 }
    _ = try await fixture.get()
    #expect(try await fixture.channel().deposit == Amount(units: 50_000))
    let lie = try SessionLies.snapshot(fixture, claim: 50_000)
    // A client that lost its journal recovers under the same lies.
    let lost = try SessionFixture.overSocket(
      spending: .upTo("0.01", perDay: "0.05"), devnet: fixture.devnet, seller: fixture.seller)
    fixture.seller.state.withLock { $0.requestEdit = { $0.methodDetails.sessionSnapshot = lie } }
    _ = await failure { try await lost.client.recover() }
    for _ in 0..<4 { _ = await failure { try await lost.get() } }
    #expect(fixture.vouchers.allSatisfy { $0 <= 50_000 })
    #expect(try await lost.client.authorizedInPeriod() <= Amount(units: 50_000))
  }

  @Test("A descriptor whose payer or signer is not ours is never signed for")
  func findingC19() async throws {
    let fixture = try SessionFixture.overSocket()
    let stranger = fixture.devnet.accounts[4].address
    let ours = fixture.signer.address
    for lie in [
      try SessionLies.foreignSnapshot(fixture, payer: stranger),
      try SessionLies.foreignSnapshot(fixture, payer: ours, signer: stranger),
    ] {
      fixture.seller.state.withLock { $0.requestEdit = { $0.methodDetails.sessionSnapshot = lie } }
      _ = await failure { try await fixture.get() }
    }
    let mine = fixture.seller.state.withLock { Set($0.channels.keys) }
    #expect(fixture.seller.state.withLock { $0.vouchers.allSatisfy { mine.contains($0.channel) } })
    #expect(try await fixture.client.channels().allSatisfy { $0.payer.lowercased() == ours.hex })
  }

  @Test("A forged credential that names another's channel gets no snapshot, and no work")
  func findingC20() async throws {
    try await Marketplace.run { market in
      let payer = market.devnet.accounts[1].address
      let shop = try await market.shop { options in
        options.tempo = { tempo in
          tempo.channelHint = { request in
            guard let text = request.headers[ProtocolHeaders.paymentSession], let id = try? Hash32(hex: text)
            else { return nil }
            let isKnown = request.headers[.cookie] == "session=payer"
            return ChannelHint(channelID: id, authenticatedPayer: isKnown ? payer : nil)
          }
        }
      }
      let buyer = HandBuyer(market, shop)
      let channel = try await buyer.opened()
      let calls = market.devnet.requests().count
      var challenge = try await buyer.challenge()
      challenge = try Forgery.resealed(challenge)
      let thief = HandBuyer(market, shop, account: 2)
      for payload in [
        try channel.voucher(20_000), try channel.close(20_000), try channel.openPayload(20_000),
      ] {
        let answer = try await thief.http.exchange(
          "GET", "/ping",
          headers: [thief.header(payload, challenge), ("Payment-Session", channel.id.hex)])
        try expectRefusal(answer, "invalid-challenge")
        #expect(try Forgery.snapshot(answer) == nil)
      }
      let hinted = try await thief.http.exchange(
        "GET", "/ping", headers: [("Payment-Session", channel.id.hex)])
      #expect(try Forgery.snapshot(hinted) == nil)
      // An unverifiable signature under a real challenge shows nothing either.
      let real = try await thief.challenge()
      let unsigned = try channel.voucher(20_000) {
        $0.signature = thief.payer.account.privateKey.sign(.zero).bytes65
      }
      let refused = try await thief.http.exchange(
        "GET", "/ping", headers: [thief.header(unsigned, real, source: buyer.payer.source)])
      try expectRefusal(refused, "session/invalid-signature")
      #expect(try Forgery.snapshot(refused) == nil)
      #expect(market.devnet.requests().count == calls)
      #expect(try await shop.record(channel.id).accepted.units == 10_000)
    }
  }

  @Test("The operator of an open is the configured one, in the descriptor and in the transaction")
  func findingC21() async throws {
    try await Marketplace.run { market in
      let shop = try await market.shop()
      let buyer = HandBuyer(market, shop)
      let payee = market.devnet.accounts[0].address
      let stranger = market.devnet.accounts[3].address
      let sent = market.devnet.requestCount("eth_sendRawTransaction")
      let operated = try await buyer.payer.open(deposit: 100_000, payee: payee, operator: stranger)
      try expectRefusal(try await buyer.send(operated.openPayload(10_000)), "verification-failed")
      // The descriptor says none, the transaction says the stranger.
      var hidden = try await buyer.payer.open(deposit: 100_000, payee: payee)
      hidden.transaction = operated.transaction
      try expectRefusal(try await buyer.send(hidden.openPayload(10_000)), "verification-failed")
      #expect(market.devnet.requestCount("eth_sendRawTransaction") == sent)
      #expect(shop.log.served == 0)
    }
  }

  @Test("One decision between content and management, for every method, body, query and action")
  func findingC23() async throws {
    try await Marketplace.run { market in
      let shop = try await market.shop { options in
        options.routes = { router, payments, log in
          let content: @Sendable (Request, PaidRequestContext) async throws -> String = { _, _ in
            log.serve()
            return "content"
          }
          router.group("any").add(middleware: try payments.gate(offers: [.session("0.01", per: "request")]))
            .get { try await content($0, $1) }.post { try await content($0, $1) }
            .put { try await content($0, $1) }.delete { try await content($0, $1) }
        }
      }
      let buyer = HandBuyer(market, shop)
      let channel = try await buyer.opened(deposit: 1_000_000, first: 900_000)
      let voucher = try channel.voucher(900_000)
      var served = 0
      for method in ["GET", "PUT", "DELETE", "POST", "HEAD"] {
        for target in ["/any", "/any?x=1"] {
          for body in [nil, "", "body"] where !(method == "HEAD" && body == "body") {
            let isContent =
              method == "HEAD" ? false : method != "POST" || target.contains("?") || body == "body"
            // Content of each method has a challenge of its own; management may answer any of the path.
            let challenge = try await buyer.challenge("/any", method: method == "HEAD" ? "GET" : method)
            let answer = try await buyer.http.exchange(
              method, target, headers: [buyer.header(voucher, challenge)], body: body)
            if isContent { served += 1 }
            let name = "\(method) \(target) \(body ?? "no body")"
            #expect(answer.status == (isContent ? 200 : 204), "\(name): \(answer)")
            #expect(shop.log.served == served, "\(name)")
            let value = try #require(answer.headers[ProtocolHeaders.paymentReceipt], "\(name)")
            let receipt = try SessionReceipt(headerValue: value)
            #expect(receipt.spent.units == UInt128(served) * 10_000, "\(name)")
          }
        }
      }
      let topUp = try await buyer.payer.topUp(channel, 1_000)
      for payload in [topUp, try channel.close(900_000)] {
        let challenge = try await buyer.challenge("/any")
        let answer = try await buyer.http.exchange(
          "POST", "/any?x=1", headers: [buyer.header(payload, challenge)], body: "body")
        #expect(answer.status == 204, "\(answer)")
      }
      #expect(shop.log.served == served)
      #expect(try await shop.record(channel.id).settled.units == UInt128(served) * 10_000)
      #expect(try await market.audit(shop) == [])
    }
  }

  @Test(
    "What was signed and not acknowledged is exposure, not spend",
    arguments: [
      TestSeller.Behaviour.loseRequest, .loseAnswer, .handlerFails, .refuse, .noReceipt,
      .badReceipt(.garbage),
    ])
  func findingC24(behaviour: TestSeller.Behaviour) async throws {
    let fixture = try SessionFixture.overSocket()
    _ = try await fixture.get()
    let before = try await fixture.channel()
    fixture.script(behaviour, behaviour, behaviour, behaviour)
    let error = await failure { try await fixture.get() }
    fixture.script()
    let after = try await fixture.channel()
    let isDelivered = behaviour == .noReceipt
    if !isDelivered { #expect(after.spent == before.spent) }
    if [.loseRequest, .loseAnswer, .handlerFails, .refuse].contains(behaviour) {
      #expect(after.delivered == before.delivered)
    }
    #expect(after.authorized.units == 20_000)
    if behaviour == .loseRequest || behaviour == .loseAnswer {
      #expect(error?.exposure.authorized.units == 10_000)
    }
    #expect(try await fixture.get().status == .ok)
    #expect(fixture.vouchers.allSatisfy { $0 <= 30_000 })
  }

  @Test(
    "A receipt names this challenge, this channel and no more than was signed",
    arguments: TestSeller.BadReceipt.allCases)
  func findingC27(kind: TestSeller.BadReceipt) async throws {
    let fixture = try SessionFixture.overSocket()
    _ = try await fixture.get()
    let before = try await fixture.channel()
    fixture.script(.badReceipt(kind))
    let error = try #require(await failure { try await fixture.get() })
    #expect(error.code == .receiptInvalid)
    #expect(try await error.response?.body.text() == "content")
    #expect(try await fixture.channel().spent == before.spent)
  }

  @Test("A close under an expired challenge is repeated once with a fresh one")
  func findingC28() async throws {
    let fixture = try SessionFixture.overSocket()
    _ = try await fixture.get()
    fixture.devnet.clock.advance(seconds: 400)
    let outcome = try #require(try await fixture.client.close().first)
    #expect(outcome.error == nil)
    #expect(outcome.captured?.units == 10_000)
    #expect(try await fixture.channel().phase == "closed")
    let twice = try SessionFixture.overSocket()
    _ = try await twice.get()
    twice.seller.state.withLock { $0.closeAnswers = [.refuseExpired, .refuseExpired, .refuseExpired] }
    #expect(try await twice.client.close().first?.error != nil)
    #expect(twice.seller.state.withLock { $0.vouchers.filter { $0.action == .close }.count } == 2)
  }
}
