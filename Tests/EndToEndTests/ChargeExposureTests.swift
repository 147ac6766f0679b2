import EVM
import HTTPTypes
import MPPClient
import MPPCore
import MPPTempoClient
import MPPTesting
import MarketplaceSupport
import PeerSupport
import TempoDevnet
import Testing

/// Whoever asked for a charge learns what may be gone, whatever went wrong.
@Suite("What a charge that failed may have cost", .timeLimit(.minutes(1)))
struct ChargeExposureTests {
  private static let price = PaymentClientError.Exposure(
    authorized: Amount(units: ChargeStall.price), deposit: .zero, channel: nil)

  @Test("A lost answer: the price, and no problem of the answer before", arguments: ["/paid", "/push"])
  func lostAnswer(path: String) async throws {
    let stall = try await ChargeStall(try Devnet())
    let client = try stall.client()
    stall.loseNextPaidAnswer()
    let error = try #require(await failure { try await client.execute(stall.get(path)) })
    #expect(error.code == .transport)
    #expect(error.exposure == Self.price)
    #expect(error.problem == nil)
  }

  @Test("A refusal by the policy keeps the problem it is about, and costs nothing")
  func refusedByPolicy() async throws {
    let stall = try await ChargeStall(try Devnet())
    let client = try stall.client(spending: .upTo("0.009", perDay: "1"))
    let error = try #require(await failure { try await client.execute(stall.get("/paid")) })
    #expect(error.code == .refusedByPolicy)
    #expect(error.exposure == .none)
  }

  @Test("A handler that fails: the price, in the summary of the response", arguments: ["/paid", "/push"])
  func handlerFails(path: String) async throws {
    let stall = try await ChargeStall(try Devnet())
    stall.answer(500)
    let response = try await stall.client().execute(stall.get(path))
    #expect(response.payment?.amount == .zero)
    #expect(response.payment?.exposure == Self.price)
  }

  @Test("A failing proof costs nothing")
  func proof() async throws {
    let stall = try await ChargeStall(try Devnet())
    stall.answer(500)
    #expect(
      try await stall.client().execute(stall.get("/proof")).payment?.exposure
        == PaymentClientError.Exposure.none)
  }

  @Test("An earlier payment whose fate cannot be read: its price")
  func unreadFate() async throws {
    let stall = try await ChargeStall(try Devnet())
    let client = try stall.client()
    stall.loseNextPaidAnswer()
    _ = await failure { try await client.execute(stall.get("/paid")) }
    stall.devnet.faults.inject(.method("eth_getTransactionReceipt"), .refuse, count: nil)
    stall.devnet.faults.inject(.method("eth_getBlockByNumber"), .refuse, count: nil)
    let error = try #require(await failure { try await client.execute(stall.get("/paid")) })
    #expect(error.code == .chain)
    #expect(error.exposure == Self.price)
    stall.devnet.faults.clear()
    #expect(try await client.execute(stall.get("/paid")).payment?.actions == ["again"])
  }

  @Test("A session whose handler fails: what is authorised, and the deposit")
  func session() async throws {
    let fixture = try SessionFixture()
    #expect(try await fixture.get().payment?.exposure == PaymentClientError.Exposure.none)
    fixture.script(.handlerFails)
    let payment = try #require(try await fixture.get().payment)
    #expect(payment.exposure.authorized.units == 10_000)
    #expect(payment.exposure.deposit.units == 100_000)
    #expect(payment.exposure.channel == payment.channel)
  }
}
