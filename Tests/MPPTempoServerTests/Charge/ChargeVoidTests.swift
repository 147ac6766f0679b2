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

/// A payment that never pays is written off: its record, its intent and its sponsor's budget end with it (`06` §1.9 B9, §1.16).
@Suite("Charges: a payment that never pays is written off")
struct ChargeVoidTests {
  private static let dead = "Payment verification failed: The transaction did not pay."

  private struct Scene {
    let harness: ChargeHarness
    let credential: String
    let before: UInt128

    init(isSponsored: Bool) async throws {
      let devnet = try Harness.chain()
      harness = try await ChargeHarness(devnet: devnet) { options in
        options.limits.receiptDeadline = 0
        if isSponsored { options.feePayer = FeePayerOptions(signer: devnet.sponsor.signer) }
      }
      before = harness.paid()
      let challenge = try await harness.challenge()
      let signed = isSponsored ? try await harness.handedOver(challenge) : try await harness.signed(challenge)
      credential = harness.credential(challenge, .transaction(signed.serialized))
    }

    func send() async -> PaymentOutcome { await harness.send(credential) }

    func pending() async throws -> [ChainIntent] {
      try await LedgerIntentStore(harness.server.ledger).pending(limit: 9)
    }

    func expectWrittenOff(_ transaction: Hash32) async throws {
      let table = try harness.server.ledger.table(ChargeRecord.self)
      #expect(try await table.load(ChargeRecord.key(transaction))?.phase == .void)
      #expect(try await pending().isEmpty)
      let budgets = try harness.server.ledger.table(SponsorBudget.self)
      let key = SponsorBudget.key(
        chainID: harness.devnet.chainID, sponsor: harness.devnet.sponsor.address)
      #expect(try await budgets.load(key)?.reservations.isEmpty != false)
      #expect(harness.devnet.requestCount("eth_sendRawTransaction") == 1)
    }
  }

  @Test(
    "Reverted: refused for good, not sent again, and not taken for paid when its challenge is over",
    arguments: [false, true])
  func reverted(isSponsored: Bool) async throws {
    let scene = try await Scene(isSponsored: isSponsored)
    scene.harness.devnet.faults.inject(.broadcast, .revert())
    for _ in 0..<2 {
      expectRefusal(await scene.send(), .verificationFailed, Self.dead)
      try await scene.expectWrittenOff(try #require(scene.harness.devnet.receipts().last?.hash))
    }
    #expect(scene.harness.paid() == scene.before)
    scene.harness.devnet.clock.advance(seconds: 301)
    #expect(Harness.problem(await scene.send())?.code == .paymentExpired)
    #expect(scene.harness.devnet.audit() == [])
  }

  @Test(
    "Found dead by a sweep: the next presentation is refused without a look at the chain",
    arguments: [false, true])
  func swept(isSponsored: Bool) async throws {
    let scene = try await Scene(isSponsored: isSponsored)
    scene.harness.devnet.faults.inject(.broadcast, .drop)
    ChargeUnresolvedTests.expectUnresolved(await scene.send())
    let intent = try #require(try await scene.pending().first)
    scene.harness.devnet.clock.advance(seconds: 57)
    scene.harness.devnet.mine()
    await scene.harness.method.reconcile()
    try await scene.expectWrittenOff(intent.hash)
    let calls = scene.harness.devnet.requests().count
    expectRefusal(await scene.send(), .verificationFailed, Self.dead)
    #expect(scene.harness.devnet.requests().count == calls)
    #expect(scene.harness.paid() == scene.before)
  }

  @Test("Included without the payment: refused for good, and its intent has ended", arguments: [false, true])
  func unpaid(isSponsored: Bool) async throws {
    let scene = try await Scene(isSponsored: isSponsored)
    scene.harness.devnet.faults.inject(.broadcast, .patchReceipt(["logs": []]))
    expectRefusal(
      await scene.send(), .verificationFailed, "Payment verification failed: no matching transfer found.")
    try await scene.expectWrittenOff(try #require(scene.harness.devnet.receipts().last?.hash))
    expectRefusal(await scene.send(), .verificationFailed, Self.dead)
  }
}
