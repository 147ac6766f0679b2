import EVM
import HTTPTypes
import MPPClient
import MPPCore
import MPPServer
import MPPTempoClient
import MPPTempoServer
import MPPTesting
import MarketplaceSupport
import Synchronization
import Tempo
import TempoDevnet
import TempoRPC
import Testing

@Suite("Charges between our client and our server", .timeLimit(.minutes(1)))
struct ChargeTests {
  private func stall(
    _ change: (inout MPPTempoServer.TempoChargeOptions) -> Void = { _ in }
  ) async throws -> ChargeStall {
    try await ChargeStall(try Devnet(configuration: .commandLine()), change)
  }

  @Test("pull, push and proof: each is paid once and delivered", arguments: ["/paid", "/push", "/proof"])
  func modes(_ path: String) async throws {
    let stall = try await stall()
    let client = try stall.client()
    let response = try await client.execute(stall.get(path))
    #expect(response.status == .ok)
    let payment = try #require(response.payment)
    #expect(payment.intent == "charge")
    #expect(payment.receipt != nil)
    #expect(stall.earned == (path == "/proof" ? 0 : 10_000))
    // The price, and the most its fee could be.
    let counted = try await client.authorizedInPeriod().units
    #expect(path == "/proof" ? counted == 0 : (10_001...20_000).contains(counted))
    #expect(payment.actions == [path == "/push" ? "push" : path == "/proof" ? "proof" : "pull"])
  }

  @Test("a sponsored charge costs the payer its price and not a fee")
  func sponsored() async throws {
    let devnet = try Devnet(configuration: .commandLine())
    let stall = try await ChargeStall(devnet) { $0.feePayer = FeePayerOptions(signer: devnet.sponsor.signer) }
    let before = stall.balance(1)
    let client = try stall.client()
    let response = try await client.execute(stall.get("/paid"))
    #expect(response.status == .ok)
    #expect(stall.earned == 10_000)
    #expect(stall.balance(1) == before - 10_000)
  }

  @Test("an answer that is lost after the payment is asked for again with the same payment")
  func lostAnswer() async throws {
    let stall = try await stall()
    let client = try stall.client()
    stall.loseNextPaidAnswer()
    let error = await #expect(throws: PaymentClientError.self) {
      try await client.execute(stall.get("/paid"))
    }
    #expect(error?.exposure.authorized.units == 10_000)
    let response = try await client.execute(stall.get("/paid"))
    #expect(response.payment?.actions == ["again"])
    #expect(stall.deliveries == 1)
    #expect(stall.earned == 10_000)
  }

  @Test(
    "a client that dies after paying finds its payment in the journal, also when the challenge has expired")
  func restart() async throws {
    let stall = try await stall()
    let journal = VolatileJournal()
    stall.answer(500)
    let first = try await stall.client(journal: journal).execute(stall.get("/paid"))
    #expect(first.status.code == 500)
    stall.devnet.clock.advance(milliseconds: 400_000)
    let second = try await stall.client(journal: journal).execute(stall.get("/paid"))
    #expect(second.status == .ok)
    #expect(second.payment?.actions == ["again"])
    #expect(stall.earned == 10_000)
    let third = try await stall.client(journal: journal).execute(stall.get("/paid"))
    #expect(third.payment?.actions == ["pull"])
    #expect(stall.earned == 20_000)
  }

  @Test("a price above the policy, and a total above the period's, sign nothing")
  func policy() async throws {
    let stall = try await stall()
    let cheap = try stall.client(spending: .upTo("0.009", perDay: "1"))
    await #expect(throws: PaymentClientError.self) { try await cheap.execute(stall.get("/paid")) }
    let twice = try stall.client(spending: .upTo("0.01", perDay: "0.025"))
    for _ in 0..<2 { _ = try await twice.execute(stall.get("/paid")) }
    let error = await #expect(throws: PaymentClientError.self) { try await twice.execute(stall.get("/paid")) }
    #expect(error?.code == .refusedByPolicy)
    #expect(stall.earned == 20_000)
  }
}
