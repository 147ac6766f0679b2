import EVM
import HTTPTypes
import MPPClient
import MPPCore
import MPPTempo
import MPPTempoClient
import PeerSupport
import Synchronization
import Tempo
import TempoDevnet
import TempoRPC
import Testing

@Suite("A paid session")
struct SessionTests {
  @Test("Open, pay, top up, close: the money adds up to the unit")
  func wholeLife() async throws {
    let fixture = try SessionFixture()
    let token = TempoAddress.alphaUSD
    let payer = fixture.devnet.accounts[0].address
    let before = try await fixture.seller.chain.balance(of: payer, token: token)
    let earned = try await fixture.seller.chain.balance(of: fixture.seller.payee.address, token: token)
    for number in 1...25 {
      let response = try await fixture.get()
      #expect(response.status == .ok)
      #expect(try await response.body.text() == "content")
      #expect(response.payment?.amount == Amount(units: 10_000))
      #expect(response.receipt?.spent == Amount(units: UInt128(number) * 10_000))
    }
    #expect(fixture.vouchers == (1...25).map { UInt128($0) * 10_000 })
    let open = try await fixture.channel()
    #expect(open.phase == "open")
    #expect(open.deposit == Amount(units: 300_000))
    #expect(open.delivered == Amount(units: 250_000))
    let outcomes = try await fixture.client.close()
    let outcome = try #require(outcomes.first)
    #expect(outcome.error == nil)
    #expect(outcome.amount == Amount(units: 250_000))
    #expect(outcome.captured == Amount(units: 250_000))
    #expect(outcome.refunded == Amount(units: 50_000))
    #expect(try await fixture.channel().phase == "closed")
    let after = try await fixture.seller.chain.balance(of: payer, token: token)
    let income = try await fixture.seller.chain.balance(of: fixture.seller.payee.address, token: token)
    #expect(after < before - 250_000)  // the price, and fees
    #expect(income > earned)
    try await fixture.client.shutdown()
  }

  @Test("A free answer costs nothing, and its receipt is ignored (A7, T20)")
  func free() async throws {
    let fixture = try SessionFixture()
    let response = try await fixture.get("/free")
    #expect(response.payment == nil)
    #expect(fixture.signer.count == 0)
    #expect(fixture.journal.writes == 0)
  }

  @Test(
    "64 concurrent requests: 64 vouchers, each served once, nothing over-authorised (U2)",
    arguments: [1, 4, 16, 64])
  func concurrent(inFlight: Int) async throws {
    var options = ClientOptions()
    options.requestsInFlightPerChannel = inFlight
    let fixture = try SessionFixture(client: options)
    fixture.seller.state.withLock { state in
      state.scrambles = true
      state.suggestedDeposit = Amount(units: 1_000_000)
    }
    try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<64 { group.addTask { try await fixture.get().status.code } }
      for try await status in group { #expect(status == 200) }
    }
    let channel = try await fixture.channel()
    #expect(fixture.served == 64)
    #expect(channel.authorized == Amount(units: 640_000))
    #expect(channel.delivered == Amount(units: 640_000))
    // Each amount was signed once; repetitions carry amounts that are out already.
    #expect(Set(fixture.vouchers) == Set((1...64).map { UInt128($0) * 10_000 }))
    #expect(try await fixture.client.channels().count == 1)
  }

  @Test("Concurrent requests with failures of every kind stay within one price each")
  func concurrentFailures() async throws {
    let fixture = try SessionFixture()
    fixture.seller.state.withLock { state in
      state.scrambles = true
      state.suggestedDeposit = Amount(units: 2_000_000)
    }
    _ = try await fixture.get()
    fixture.seller.state.withLock { state in
      for _ in 0..<12 {
        state.script += [.serve, .loseAnswer, .handlerFails, .serve, .loseRequest, .refuse, .noReceipt]
      }
    }
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<60 { group.addTask { _ = await failure { try await fixture.get() } } }
    }
    let channel = try await fixture.channel()
    #expect(channel.authorized <= Amount(units: 61 * 10_000))
    let spent = try #require(fixture.seller.state.withLock { $0.channels.values.first?.spent })
    #expect(spent <= channel.authorized)
    #expect(channel.delivered <= spent)
    fixture.script()
    #expect(try await fixture.get().status == .ok)
  }

  @Test("A lost answer: the same voucher again, then one price more, never two (C24)")
  func lostAnswer() async throws {
    let fixture = try SessionFixture()
    _ = try await fixture.get()
    fixture.script(.loseAnswer)
    let error = try #require(await failure { try await fixture.get() })
    #expect(error.code == .transport)
    #expect(!error.isRetryable)
    #expect(error.exposure.authorized == Amount(units: 10_000))
    #expect(try await fixture.get().status == .ok)
    #expect(fixture.vouchers == [10_000, 20_000, 20_000, 30_000])
    #expect(try await fixture.channel().delivered == Amount(units: 20_000))
    fixture.script(.loseRequest)
    _ = await failure { try await fixture.get() }
    #expect(try await fixture.get().status == .ok)
    #expect(fixture.vouchers.suffix(2) == [40_000, 40_000])
  }

  @Test("A handler that fails is not paid; its amount serves the next request")
  func handlerFails() async throws {
    let fixture = try SessionFixture()
    _ = try await fixture.get()
    fixture.script(.handlerFails)
    #expect(try await fixture.get().status.code == 500)
    #expect(try await fixture.get().status == .ok)
    #expect(fixture.vouchers == [10_000, 20_000, 20_000])
    #expect(try await fixture.channel().delivered == Amount(units: 20_000))
  }

  @Test("A server that always refuses: the configured attempts, one price, a typed error (A9)")
  func alwaysRefuses() async throws {
    let fixture = try SessionFixture()
    _ = try await fixture.get()
    fixture.script(.refuse, .refuse, .refuse, .refuse, .refuse)
    let error = try #require(await failure { try await fixture.get() })
    #expect(error.code == .paymentRefused)
    #expect(error.problem?.kind == "verification-failed")
    #expect(try await fixture.channel().authorized <= Amount(units: 20_000))
    #expect(fixture.vouchers.count <= 4)
    let challenges = fixture.seller.state.withLock { $0.paidChallenges }
    #expect(Set(challenges).count == challenges.count)
  }

  @Test("The same challenge again is not paid again (A9)")
  func sameChallenge() async throws {
    let fixture = try SessionFixture()
    _ = try await fixture.get()
    fixture.script(.sameChallenge)
    let signed = fixture.signer.count
    #expect(await failure { try await fixture.get() }?.code == .paymentRefused)
    #expect(fixture.signer.count == signed + 1)
  }

  @Test("410: the channel is listed for recovery, the next request opens a new one (U1)")
  func forgotten() async throws {
    let fixture = try SessionFixture()
    _ = try await fixture.get()
    fixture.script(.forget)
    #expect(await failure { try await fixture.get() }?.code == .channelUnusable)
    #expect(try await fixture.get().status == .ok)
    let channels = try await fixture.client.channels()
    #expect(channels.map(\.phase).sorted() == ["open", "orphaned"])
    #expect(channels.first { $0.phase == "orphaned" }?.refundable == Amount(units: 90_000))
    #expect(try await fixture.get().status == .ok)
    #expect(try await fixture.client.channels().count == 2)
  }

  @Test("A server that forgets every channel cannot lock more than the policy allows (J4)")
  func forgetsAlways() async throws {
    let fixture = try SessionFixture(spending: .upTo("0.10", perDay: "0.35"))
    fixture.script(.forget, .forget, .forget, .forget, .forget, .forget, .forget, .forget, .forget)
    for _ in 0..<5 { _ = await failure { try await fixture.get() } }
    let locked = try await fixture.client.channels().reduce(UInt128(0)) { $0 + $1.deposit.units }
    #expect(locked <= 350_000)
    #expect(await failure { try await fixture.get() }?.code == .refusedByPolicy)
  }

  @Test(
    "A redirect of a paid request is returned, not followed (T26)",
    arguments: ["https://evil.example/", "/ping2"])
  func redirect(target: String) async throws {
    let fixture = try SessionFixture()
    _ = try await fixture.get()
    fixture.script(.redirect(target))
    let count = fixture.seller.state.withLock { $0.requests.count }
    #expect(try await fixture.get().status.code == 307)
    #expect(fixture.seller.state.withLock { $0.requests.count } == count + 2)
    #expect(fixture.seller.state.withLock { $0.requests.allSatisfy { $0.authority == "shop.example" } })
  }

  @Test("No payment over plain HTTP to another machine")
  func plainHTTP() async throws {
    let fixture = try SessionFixture()
    let error = await failure { try await fixture.client.execute(.get("http://shop.example/ping")) }
    #expect(error?.code == .insecureTransport)
    #expect(fixture.signer.count == 0)
  }

  @Test(
    "Receipts that do not fit are errors that carry the response (C27)",
    arguments: TestSeller.BadReceipt.allCases)
  func badReceipts(kind: TestSeller.BadReceipt) async throws {
    let fixture = try SessionFixture()
    _ = try await fixture.get()
    fixture.script(.badReceipt(kind))
    let before = try await fixture.channel()
    let error = try #require(await failure { try await fixture.get() })
    #expect(error.code == .receiptInvalid)
    #expect(try await error.response?.body.text() == "content")
    let after = try await fixture.channel()
    #expect(after.spent == before.spent)
    #expect(after.authorized == Amount(units: 20_000))
    #expect(try await fixture.get().status == .ok)
    #expect(try await fixture.channel().authorized == Amount(units: 30_000))
  }

  @Test("The policy's limits: price, deposit and total")
  func policy() async throws {
    let dear = try SessionFixture(spending: .upTo("0.009999", perDay: "5"))
    #expect(await failure { try await dear.get() }?.code == .refusedByPolicy)
    #expect(dear.signer.count == 0)

    let small = try SessionFixture(spending: .upTo("0.10", perDay: "5", depositPerChannel: "0.05"))
    for _ in 0..<5 { #expect(try await small.get().status == .ok) }
    #expect(await failure { try await small.get() }?.code == .refusedByPolicy)
    #expect(try await small.channel().deposit == Amount(units: 50_000))

    // Three prices, and the fee of the opening.
    let fee = try await small.client.authorizedInPeriod().subtracting(Amount(units: 50_000))
    let three = try SpendPolicy(
      maximumPrice: Amount(units: 100_000), maximumDeposit: Amount(units: 30_000),
      maximumTotal: Amount(units: 30_000).adding(fee), periodSeconds: 86_400)
    let total = try SessionFixture(spending: three)
    for _ in 0..<3 { #expect(try await total.get().status == .ok) }
    for _ in 0..<3 { #expect(await failure { try await total.get() }?.code == .refusedByPolicy) }
    #expect(try await total.channel().authorized == Amount(units: 30_000))
    let restarted = try total.restarted(spending: three)
    #expect(await failure { try await restarted.get() }?.code == .refusedByPolicy)
    #expect(total.served == 3)
  }

  @Test("withSession closes, also when its body throws")
  func session() async throws {
    let fixture = try SessionFixture()
    struct Stop: Error {}
    await #expect(throws: Stop.self) {
      try await fixture.client.withSession(fixture.url, deposit: .upTo("0.02")) { session in
        #expect(try await session.execute(.get("/ping")).status == .ok)
        #expect(
          await failure { try await session.execute(.get("https://other.example/")) }?.code == .untrustedTerms
        )
        throw Stop()
      }
    }
    #expect(try await fixture.channel().phase == "closed")
  }
}
