import EVM
import MPPCore
import MPPServer
import MPPTempo
import MPPTesting
import PeerSupport
import Tempo
import TempoDevnet
import TempoRPC
import Testing

@testable import MPPTempoServer

/// The server dies at every request to its node in turn, before it has left or when it was executed, and is started again. What the
/// chain has taken buys its delivery once, whether the payer comes back at once or after the payment has ended; nothing is sent twice.
@Suite("Charges: the server dies at the n-th call to its node")
struct ChargeDeathTests {
  private typealias Purchase = ServerChargeFaultTests.Purchase

  /// - Returns: the next server, and whether the first one died; nil deliveries: it went on.
  private func died(
    _ flow: ChargeFlow, at index: Int, isAnswered: Bool
  ) async throws -> (next: Purchase, deliveries: Int)? {
    let devnet = try Harness.chain()
    let node = MortalNode(devnet)
    let purchase = try await Purchase(flow, seed: UInt64(index + 1), chain: (devnet, node))
    node.die(at: index, isAnswered: isAnswered, purchase.harness.store)
    let deliveries = try await purchase.deliveries(attempts: 1)
    guard node.isDead else { return nil }
    return (try await Purchase(restarting: purchase), deliveries)
  }

  @Test("The payer comes back at once", arguments: ChargeFlow.all + ChargeFlow.hosted, [false, true])
  func backAtOnce(_ flow: ChargeFlow, isAnswered: Bool) async throws {
    for index in 0..<40 {
      guard let (next, before) = try await died(flow, at: index, isAnswered: isAnswered) else {
        return #expect(index > 0 || flow.way == .proof)
      }
      let note = "\(flow.testDescription) \(isAnswered) dies at \(index)"
      #expect(try await before + next.deliveries() == 1, "\(note)")
      next.harness.devnet.clock.advance(seconds: 61)
      try await next.expectAgreement(note)
    }
    Issue.record("more calls than expected")
  }

  @Test(
    "The payer comes back when the payment has ended, and the journal was looked through",
    arguments: ChargeFlow.payments + ChargeFlow.hosted, [false, true])
  func backLate(_ flow: ChargeFlow, isAnswered: Bool) async throws {
    for index in 0..<40 {
      guard let (next, before) = try await died(flow, at: index, isAnswered: isAnswered) else {
        return #expect(index > 0)
      }
      let note = "\(flow.testDescription) \(isAnswered) dies at \(index)"
      #expect(before == 0, "\(note)")
      let harness = next.harness
      harness.devnet.clock.advance(seconds: 90)
      harness.devnet.mine()
      await harness.method.reconcile()
      try await next.expectNothingOpen(note)
      let (paid, sent) = (next.books.payments.count, harness.devnet.requestCount("eth_sendRawTransaction"))
      #expect(try await next.deliveries(attempts: 2) == paid, "\(note)")
      #expect(harness.devnet.requestCount("eth_sendRawTransaction") == sent, "\(note)")
      #expect(next.books.payments.count == paid, "\(note)")
      #expect(next.books.differences() == [], "\(note)")
      try await next.expectNothingOpen(note)
    }
    Issue.record("more calls than expected")
  }
}
