import EVM
import MPPCore
import MPPServer
import MPPTempo
import MPPTesting
import PeerSupport
import Synchronization
import Tempo
import TempoDevnet
import TempoRPC
import Testing

@testable import MPPTempoServer

@Suite("Charges: a price that changes")
struct ChargePriceTests {
  private struct NoPrice: Error {}

  /// A route whose price can be changed; nil: it cannot be computed.
  private final class Box: Sendable {
    private let price = Mutex<String?>("0.01")

    func set(_ text: String?) { price.withLock { $0 = text } }

    var computed: Price {
      .computed { _ in
        guard let text = self.price.withLock({ $0 }) else { throw NoPrice() }
        return text
      }
    }
  }

  @Test("What was paid is delivered at the price it was paid at", arguments: ["0.02", nil], [false, true])
  func paidEarlier(price: String?, isPushed: Bool) async throws {
    let box = Box()
    let harness = try await ChargeHarness(price: box.computed)
    let challenge = try await harness.challenge()
    let credential =
      isPushed
      ? harness.credential(challenge, .hash(try await harness.pushed(challenge)))
      : harness.credential(challenge, .transaction(try await harness.signed(challenge).serialized))
    await try harness.proceed(await harness.send(credential)).failed()
    box.set(price)
    #expect(Harness.problem(await harness.send(credential, target: "/r?other=1")) != nil)
    let payment = try harness.proceed(await harness.send(credential))
    #expect(payment.amount.units == ChargeHarness.price)
    await payment.delivered()
    #expect(Harness.problem(await harness.send(credential)) != nil)
    #expect(harness.paid() == harness.devnet.configuration.initialBalance.units + ChargeHarness.price)
  }

  @Test("What was not paid yet is not taken at a price of the past, and nothing is sent")
  func notPaid() async throws {
    let box = Box()
    let harness = try await ChargeHarness(price: box.computed)
    let challenge = try await harness.challenge()
    let credential = harness.credential(
      challenge, .transaction(try await harness.signed(challenge).serialized))
    box.set("0.02")
    let outcome = await harness.send(credential)
    #expect(Harness.problem(outcome)?.code == .invalidChallenge)
    #expect(Harness.problem(outcome)?.detail.contains("credential amount does not match") == true)
    #expect(harness.devnet.requestCount("eth_sendRawTransaction") == 0)
    box.set("0.01")
    try await harness.deliver(await harness.send(credential))
  }

  @Test("A payment under way when the price changes is looked for, and delivered when it is found")
  func underWay() async throws {
    let box = Box()
    let harness = try await ChargeHarness(price: box.computed) { $0.limits.receiptDeadline = 0 }
    let challenge = try await harness.challenge()
    let credential = harness.credential(
      challenge, .transaction(try await harness.signed(challenge).serialized))
    harness.devnet.faults.inject(.broadcast, .hideReceiptFor(milliseconds: 5_000))
    ChargeUnresolvedTests.expectUnresolved(await harness.send(credential))
    box.set("0.02")
    ChargeUnresolvedTests.expectUnresolved(await harness.send(credential))
    harness.devnet.clock.advance(seconds: 400)
    try await harness.deliver(await harness.send(credential))
  }

  @Test("A server that starts again with another price delivers what was paid at the old one")
  func restarted() async throws {
    let harness = try await ChargeHarness()
    let challenge = try await harness.challenge()
    let credential = harness.credential(
      challenge, .transaction(try await harness.signed(challenge).serialized))
    await try harness.proceed(await harness.send(credential)).failed()
    try await harness.server.ledger.flush()
    let next = try await ChargeHarness(
      devnet: harness.devnet, store: FaultStore(harness.store.base), seed: 9, price: "0.02")
    try await next.deliver(await next.send(credential))
    let fresh = try await harness.challenge()
    let late = harness.credential(fresh, .transaction(try await harness.signed(fresh).serialized))
    #expect(Harness.problem(await next.send(late))?.code == .invalidChallenge)
  }
}
