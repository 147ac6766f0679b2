import EVM
import Foundation
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

/// 09 A: session hints, stateless resume.
@Suite("Findings A", .timeLimit(.minutes(3)))
struct FindingsATests {
  private static let price: UInt128 = 10_000

  @Test(
    "Forged hints, snapshots and receipts never raise what is signed above one price a request and the cap",
    arguments: 1...12 as ClosedRange<UInt64>)
  func findingA1(seed: UInt64) async throws {
    let random = SeededRandom(seed: seed)
    let fixture = try SessionFixture.overSocket(spending: .upTo("0.01", perDay: "0.30"))
    _ = try await fixture.get()
    var requests: UInt128 = 1
    for _ in 0..<20 {
      let dice = random.fill(4)
      let claim: UInt128 = [0, 1, 10_000, 40_000, 100_000, 299_999, 1 << 80, (1 << 96) - 1][Int(dice[0] % 8)]
      let hasRecord = fixture.seller.state.withLock { !$0.channels.isEmpty }
      let lie = hasRecord ? try SessionLies.snapshot(fixture, claim: claim) : nil
      fixture.seller.state.withLock { state in
        state.requestEdit = { $0.methodDetails.sessionSnapshot = dice[1] % 2 == 0 ? lie : nil }
        let behaviours: [TestSeller.Behaviour] = [
          .serve, .refuse, .loseAnswer, .handlerFails, .badReceipt(.acceptedTooHigh),
          .badReceipt(.spentAboveAccepted), .badReceipt(.otherChannel), .noReceipt, .disown, .forget,
        ]
        let count = UInt8(behaviours.count)
        state.script = [behaviours[Int(dice[2] % count)], behaviours[Int(dice[3] % count)]]
      }
      requests += 1
      _ = await failure { try await fixture.get() }
      // Every channel's highest voucher can be captured.
      let highest = fixture.seller.state.withLock { state in
        Dictionary(state.vouchers.map { ($0.channel, $0.amount.units) }, uniquingKeysWith: max).values
      }
      try #require(highest.reduce(0, +) <= requests * Self.price, "seed \(seed)")
      try #require(highest.reduce(0, +) <= 300_000, "seed \(seed)")
    }
    let locked = try await fixture.client.channels().reduce(UInt128(0)) { $0 + $1.deposit.units }
    #expect(locked <= 300_000, "seed \(seed)")
  }

  @Test("A receipt of the old channel changes nothing after the scope was rebound to a new one")
  func findingA2() async throws {
    let fixture = try SessionFixture.overSocket()
    let old = try #require(try await fixture.get().headers[ProtocolHeaders.paymentReceipt])
    fixture.script(.forget)
    _ = await failure { try await fixture.get() }
    _ = try await fixture.get()
    let before = try await fixture.client.channels().sorted { $0.phase > $1.phase }
    fixture.script(.receipt(old))
    let error = await failure { try await fixture.get() }
    #expect(error?.code == .receiptInvalid)
    let after = try await fixture.client.channels().sorted { $0.phase > $1.phase }
    #expect(before.map(\.spent) == after.map(\.spent))
    #expect(before.map(\.phase) == after.map(\.phase))
    #expect(before.map(\.deposit) == after.map(\.deposit))
    #expect(before.first?.authorized == after.first?.authorized)
  }

  @Test("One function signs vouchers and one line in it calls the key; every path obeys its cap")
  func findingA3() async throws {
    let lines = try Sources.lines(of: ["MPPClient", "MPPTempoClient"])
    #expect(lines.filter { $0.line.contains("signer.sign(digest)") }.map(\.file) == ["VoucherSigner.swift"])
    // A proof of identity is no voucher: what it signs is of another domain.
    let proof = lines.filter { $0.line.contains("ZeroAmountProof.sign(") }
    #expect(proof.map(\.file) == ["ChargePayer.swift"])
    for (file, line) in lines
    where line.contains(".sign(") && file != "VoucherSigner.swift"
      && !line.contains("ZeroAmountProof.sign(")
    {
      #expect(
        line.contains("signer.sign(amount, on: durable") || line.contains("manager.signer.sign(")
          || line.contains("chain.sign(") || line.contains("paying.sign("),
        "\(file): \(line)")
    }
    // Retry, top-up and close under lies.
    let fixture = try SessionFixture.overSocket(spending: .upTo("0.01", perDay: "0.05"))
    _ = try await fixture.get()
    let lie = try SessionLies.snapshot(fixture, claim: 50_000)
    fixture.seller.state.withLock { state in
      state.suggestedDeposit = Amount(units: 10_000)
      state.requestEdit = { $0.methodDetails.sessionSnapshot = lie }
    }
    for _ in 0..<8 {
      fixture.script(.refuse, .serve)
      _ = await failure { try await fixture.get() }
    }
    _ = try await fixture.client.close()
    #expect(fixture.vouchers.allSatisfy { $0 <= 50_000 })
  }

  @Test("A voucher is worth nothing on another channel, another escrow, another service")
  func findingA4() async throws {
    try await Marketplace.run { market in
      let shop = try await market.shop()
      let buyer = HandBuyer(market, shop)
      let (x, y) = (try await buyer.opened(), try await buyer.opened())
      let stolen = try x.signature(20_000)
      let crossed = try y.voucher(20_000) { $0.signature = stolen }
      try expectRefusal(try await buyer.send(crossed), "session/invalid-signature")
      let foreign = VoucherDomain(chainID: y.chainID, escrow: market.devnet.accounts[5].address)
      let digest = try Voucher(channelID: y.id, cumulativeAmount: 20_000).digest(domain: foreign)
      let escrowed = try y.voucher(20_000) { $0.signature = y.key.sign(digest).bytes65 }
      try expectRefusal(try await buyer.send(escrowed), "session/invalid-signature")

      let other = try await market.shop { options in
        options.ledger = "other.db"
        options.secrets = ["another secret of another shop, 32 bytes"]
        options.account = 7
      }
      let challenge = try await buyer.challenge()
      let abroad = try await RawHTTP(port: other.port).exchange(
        "GET", "/ping", headers: [buyer.header(try x.voucher(20_000), challenge)])
      try expectRefusal(abroad, "invalid-challenge")
      #expect(shop.log.served + other.log.served == 0)
      for channel in [x, y] {
        let record = try await shop.record(channel.id)
        #expect(record.spent == .zero)
        #expect(record.accepted.units == 10_000)
      }
    }
  }

  @Test("Top-up and close without a body work where the price is computed from the body")
  func findingA5() async throws {
    try await Marketplace.run { market in
      let shop = try await market.shop { options in
        options.routes = { router, payments, log in
          let price = Price.computed { request in
            guard let body = request.body, !body.isEmpty else { throw NoBody() }
            return "0.0\(body.count)"
          }
          router.group("words").add(
            middleware: try payments.gate(
              offers: [.session(price, per: "request")], options: RouteOptions(collectsBody: true))
          ).post { _, _ -> String in
            log.serve()
            return "words"
          }
        }
      }
      let buyer = HandBuyer(market, shop)
      let unpaid = try await buyer.http.exchange("POST", "/words", body: "ab")
      let header = try #require(unpaid.headers[.wwwAuthenticate])
      let challenges = try Challenge.parse(header: header).challenges
      let challenge = try #require(challenges.first)
      let channel = try await buyer.payer.open(deposit: 100_000, payee: market.devnet.accounts[0].address)
      let opened = try await buyer.http.exchange(
        "POST", "/words", headers: [buyer.header(try channel.openPayload(20_000), challenge)], body: "ab")
      #expect(opened.status == 200, "\(opened)")
      for payload in [try await buyer.payer.topUp(channel, 50_000), try channel.close(20_000)] {
        let answer = try await buyer.http.exchange(
          "POST", "/words", headers: [buyer.header(payload, challenge)], body: "")
        #expect(answer.status == 204, "\(answer)")
      }
      #expect(shop.log.served == 1)
      #expect(try await market.audit(shop) == [])
    }
  }

  @Test("A requirement one unit too high: a typed error, and nothing is signed")
  func findingA6() async throws {
    let fixture = try SessionFixture.overSocket()
    _ = try await fixture.get()
    let lie = try SessionLies.snapshot(fixture, claim: 30_001)
    fixture.seller.state.withLock { $0.requestEdit = { $0.methodDetails.sessionSnapshot = lie } }
    fixture.script(.refuse, .serve)
    let signed = fixture.signer.count
    let error = await failure { try await fixture.get() }
    #expect(error?.code == .requirementExceedsBound)
    #expect(fixture.signer.count == signed + 1)
    #expect(fixture.vouchers.max() == 20_000)
  }

  @Test("A receipt on a response that was not paid, or of another origin, is not looked at")
  func findingA7() async throws {
    let fixture = try SessionFixture.overSocket()
    let receipt = try #require(try await fixture.get().headers[ProtocolHeaders.paymentReceipt])
    let before = try await fixture.client.channels()
    fixture.seller.state.withLock { $0.freeReceipt = receipt }
    let free = try await fixture.get("/free")
    #expect(free.payment == nil)
    #expect(free.receipt == nil)
    let foreign = try await fixture.client.execute(.get("https://elsewhere.example/free"))
    #expect(foreign.payment == nil)
    #expect(try await fixture.client.channels() == before)
  }

  @Test("A suggested channel that cannot be checked does not displace the good one")
  func findingA8() async throws {
    let fixture = try SessionFixture.overSocket()
    _ = try await fixture.get()
    let other = try SessionLies.foreignSnapshot(fixture, payer: fixture.signer.address)
    fixture.seller.state.withLock { $0.requestEdit = { $0.methodDetails.sessionSnapshot = other } }
    fixture.devnet.faults.inject(.method("eth_call"), .refuse, count: nil)
    #expect(try await fixture.get().status == .ok)
    fixture.devnet.faults.clear()
    #expect(try await fixture.client.channels().count == 1)
    #expect(Set(fixture.seller.state.withLock { $0.vouchers.map(\.channel) }).count == 1)
  }

  @Test("A server that always answers 402 gets the configured attempts, each challenge once, one price")
  func findingA9() async throws {
    let fixture = try SessionFixture.overSocket()
    _ = try await fixture.get()
    let before = fixture.vouchers.count
    fixture.script(.refuse, .refuse, .refuse, .refuse, .refuse, .refuse)
    let error = await failure { try await fixture.get() }
    #expect(error?.code == .paymentRefused)
    // A refused voucher is not answered with another one.
    #expect(fixture.vouchers.count == before + 1)
    #expect(fixture.vouchers.max() == 20_000)
    let paid = fixture.seller.state.withLock { $0.paidChallenges }
    #expect(Set(paid).count == paid.count)
    let signed = fixture.signer.count
    fixture.script(.sameChallenge)
    _ = await failure { try await fixture.get() }
    #expect(fixture.signer.count <= signed + 1)
  }
}

struct NoBody: Error {}
