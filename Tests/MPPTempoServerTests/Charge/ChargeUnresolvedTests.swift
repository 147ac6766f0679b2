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

/// What became of a payment is not known, or the node says something that proves nothing: the payment is never called off, and the
/// next presentation is answered with what was paid (`06` §1.9 B9, §1.16).
@Suite("Charges: an answer that proves nothing")
struct ChargeUnresolvedTests {
  static func expectUnresolved(
    _ outcome: PaymentOutcome, _ note: String = "", sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let problem = Harness.problem(outcome)
    #expect(problem?.status == 503, "\(note): \(problem?.detail ?? "paid")", sourceLocation: sourceLocation)
    let code = problem?.details.first { $0.key == "code" }?.value.stringValue
    #expect(code == "unresolved", "\(note)", sourceLocation: sourceLocation)
  }

  @Test(
    "An error of a gateway that had passed the bytes on is no refusal", arguments: [false, true],
    [-32000, -32001, -32002, -32010] as [Int64])
  func unknownErrorAfterSending(isSponsored: Bool, code: Int64) async throws {
    let devnet = try Harness.chain()
    let gateway = Gateway(devnet)
    let harness = try await ChargeHarness(devnet: devnet) { options in
      options.transport = gateway
      options.limits.receiptDeadline = 1_000
      if isSponsored { options.feePayer = FeePayerOptions(signer: devnet.sponsor.signer) }
    }
    let before = harness.paid()
    let challenge = try await harness.challenge()
    let signed = isSponsored ? try await harness.handedOver(challenge) : try await harness.signed(challenge)
    let credential = harness.credential(challenge, .transaction(signed.serialized))
    gateway.answer("eth_sendRawTransaction", code, "request timed out")
    devnet.faults.inject(.broadcast, .hideReceiptFor(milliseconds: 10_000))
    Self.expectUnresolved(await harness.send(credential))
    devnet.clock.advance(seconds: 10)
    try await harness.deliver(await harness.send(credential))
    #expect(harness.paid() == before + ChargeHarness.price)
    #expect(Set(devnet.requests().filter { $0.method == "eth_sendRawTransaction" }.map(\.params)).count == 1)
  }

  @Test("What is refused because the same bytes are on the chain already is paid", arguments: [false, true])
  func sentByAnotherServer(isSponsored: Bool) async throws {
    let devnet = try Harness.chain()
    let gateway = Gateway(devnet)
    let harness = try await ChargeHarness(devnet: devnet) { options in
      options.transport = gateway
      if isSponsored { options.feePayer = FeePayerOptions(signer: devnet.sponsor.signer) }
    }
    let challenge = try await harness.challenge()
    let signed = isSponsored ? try await harness.handedOver(challenge) : try await harness.signed(challenge)
    // The node has included the bytes when it says so.
    gateway.answer("eth_sendRawTransaction", -32003, "insufficient funds for gas * price + value")
    try await harness.deliver(
      await harness.send(harness.credential(challenge, .transaction(signed.serialized))))
  }

  @Test("A head past the end from one node and no receipt from another that lags prove nothing")
  func laggingReplica() async throws {
    for isSponsored in [false, true] {
      let devnet = try Harness.chain()
      let harness = try await ChargeHarness(devnet: devnet) { options in
        options.limits.receiptDeadline = 0
        if isSponsored { options.feePayer = FeePayerOptions(signer: devnet.sponsor.signer) }
      }
      let challenge = try await harness.challenge()
      let signed = isSponsored ? try await harness.handedOver(challenge) : try await harness.signed(challenge)
      let credential = harness.credential(challenge, .transaction(signed.serialized))
      devnet.faults.inject(.broadcast, .hideReceiptFor(milliseconds: 30_000))
      Self.expectUnresolved(await harness.send(credential))
      devnet.clock.advance(seconds: 26)
      devnet.mine()
      Self.expectUnresolved(await harness.send(credential))
      await harness.method.reconcile()
      Self.expectUnresolved(await harness.send(credential))
      devnet.clock.advance(seconds: 4)
      try await harness.deliver(await harness.send(credential))
    }
  }

  @Test(
    "A payment that was found, and whose record failed, is not refused because its receipt cannot be read again"
  )
  func receiptOfAnIncludedPayment() async throws {
    for number in 3...5 {
      let devnet = try Harness.chain()
      let gateway = Gateway(devnet)
      let harness = try await ChargeHarness(devnet: devnet) { $0.transport = gateway }
      let challenge = try await harness.challenge()
      let signed = try await harness.signed(challenge)
      let credential = harness.credential(challenge, .transaction(signed.serialized))
      // Claim, journal, sent, included, settled.
      harness.store.failCommit(harness.store.commitCount + number, .before)
      #expect(Harness.problem(await harness.send(credential))?.status == 503)
      gateway.answer("eth_getTransactionReceipt", -32000, "header not found", count: 200)
      Self.expectUnresolved(await harness.send(credential), "\(number)")
      gateway.honest()
      try await harness.deliver(await harness.send(credential))
    }
  }

  @Test("A delivery has its whole lease, however long the payment took to be found")
  func leaseCountsFromTheDelivery() async throws {
    let devnet = try Harness.chain()
    let harness = try await ChargeHarness(devnet: devnet) { options in
      options.deliveryLease = 40_000
      options.limits.receiptDeadline = 100_000
    }
    let challenge = try await harness.challenge()
    let credential = harness.credential(
      challenge, .transaction(try await harness.signed(challenge).serialized))
    let start = devnet.clock.now
    devnet.faults.inject(.broadcast, .hideReceiptFor(milliseconds: 50_000))
    let first = try harness.proceed(await harness.send(credential))
    #expect(devnet.clock.now >= start.adding(seconds: 50))
    for _ in 0..<2 {
      let code = Harness.problem(await harness.send(credential))?.details.first { $0.key == "code" }?.value
      #expect(code?.stringValue == "in-progress")
      devnet.clock.advance(seconds: 39)
    }
    await first.delivered()
    expectRefusal(await harness.send(credential), .verificationFailed, ChargeFlowTests.used)
  }

  @Test("A proof is used once as long as it is taken, the leeway of the server included")
  func leewayOfProofs() async throws {
    let harness = try await ChargeHarness(price: "0", compatibility: Compatibility(leewaySeconds: 60))
    let challenge = try await harness.challenge()
    let (_, signature) = try await ZeroAmountProof.sign(
      chainID: harness.devnet.chainID, challengeID: challenge.id, realm: challenge.realm,
      by: .secp256k1(harness.payer.account.privateKey))
    let credential = harness.credential(challenge, .proof(signature))
    try await harness.deliver(await harness.send(credential))
    for seconds: Int64 in [299, 1, 1, 58] {
      harness.devnet.clock.advance(seconds: seconds)
      expectRefusal(
        await harness.send(credential), .verificationFailed,
        "Payment verification failed: Proof credential has already been used.")
    }
    harness.devnet.clock.advance(seconds: 2)
    #expect(Harness.problem(await harness.send(credential))?.code == .paymentExpired)
  }

  @Test("A payment that is missing well after its end has not paid, and is never delivered")
  func neverIncluded() async throws {
    let devnet = try Harness.chain()
    let harness = try await ChargeHarness(devnet: devnet) { $0.limits.receiptDeadline = 0 }
    let challenge = try await harness.challenge()
    let signed = try await harness.signed(challenge)
    let credential = harness.credential(challenge, .transaction(signed.serialized))
    devnet.faults.inject(.broadcast, .drop, count: nil)
    Self.expectUnresolved(await harness.send(credential))
    devnet.clock.advance(seconds: 54)
    devnet.mine()
    Self.expectUnresolved(await harness.send(credential))
    devnet.clock.advance(seconds: 2)
    devnet.mine()
    for _ in 0..<2 {
      expectRefusal(
        await harness.send(credential), .verificationFailed,
        "Payment verification failed: The transaction did not pay.")
    }
  }
}
