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

/// A pushed payment has moved the money before it is presented: what the node cannot say now is no reason to ask for it again.
@Suite("Pushed charges: the money has moved (06 §1.9, §1.16)")
struct PushUnresolvedTests {
  /// A server behind a gateway, and a payment that its payer has broadcast; its receipt is hidden for a time.
  private struct Scene {
    let devnet: Devnet
    let gateway: Gateway
    let harness: ChargeHarness
    let challenge: Challenge
    let hash: Hash32
    let credential: String

    init(
      hidden milliseconds: Int = 0, change: (inout TempoTransaction) -> Void = { _ in }, isSent: Bool = true
    ) async throws {
      let devnet = try Harness.chain()
      let gateway = Gateway(devnet)
      self.devnet = devnet
      self.gateway = gateway
      harness = try await ChargeHarness(devnet: devnet) { $0.transport = gateway }
      challenge = try await harness.challenge()
      var transaction = try await harness.payer.planner.plan(
        calls: try harness.calls(challenge), from: harness.payer.account.address,
        feeToken: TempoAddress.pathUSD)
      change(&transaction)
      let signed = try harness.payer.sign(transaction)
      self.signed = signed
      hash = signed.hash
      credential = harness.credential(challenge, .hash(signed.hash))
      if milliseconds > 0 { devnet.faults.inject(.broadcast, .hideReceiptFor(milliseconds: milliseconds)) }
      if isSent { try await send() }
    }

    private let signed: SignedTempoTransaction

    func send() async throws {
      #expect(try await harness.payer.planner.client.sendRawTransaction(signed.serialized) == hash)
    }
  }

  @Test("A receipt that is not visible yet: 503 while the node has the transaction, then delivered")
  func receiptHidden() async throws {
    let scene = try await Scene(hidden: 15_000)
    ChargeUnresolvedTests.expectUnresolved(await scene.harness.send(scene.credential))
    scene.devnet.clock.advance(seconds: 5)
    try await scene.harness.deliver(await scene.harness.send(scene.credential))
  }

  @Test(
    "An error of the node, whatever it is, is no refusal",
    arguments: ["eth_getTransactionReceipt", "eth_getBlockByNumber"], [-32000, -32601, -32602, 3] as [Int64])
  func readFails(_ method: String, _ code: Int64) async throws {
    let scene = try await Scene()
    scene.gateway.answer(method, code, "header not found", count: 9)
    ChargeUnresolvedTests.expectUnresolved(await scene.harness.send(scene.credential), "\(method) \(code)")
    scene.gateway.honest()
    try await scene.harness.deliver(await scene.harness.send(scene.credential))
  }

  @Test("A node that could not be asked to the end has not said that there is no such transaction")
  func nodeIsDown() async throws {
    let scene = try await Scene()
    let rule = scene.devnet.faults.inject(.method("eth_*"), .refuse, count: nil)
    ChargeUnresolvedTests.expectUnresolved(await scene.harness.send(scene.credential))
    scene.devnet.faults.remove(rule)
    try await scene.harness.deliver(await scene.harness.send(scene.credential))
  }

  @Test("A hash that no node knows is refused, and is taken when it is there after all")
  func unknownHash() async throws {
    let scene = try await Scene(isSent: false)
    expectRefusal(
      await scene.harness.send(scene.credential), .verificationFailed,
      "Payment verification failed: The transaction was not found.")
    try await scene.send()
    try await scene.harness.deliver(await scene.harness.send(scene.credential))
  }

  @Test("What was presented in time is taken after the challenge has expired, for the same request only")
  func presentedInTime() async throws {
    let scene = try await Scene(hidden: 400_000)
    ChargeUnresolvedTests.expectUnresolved(await scene.harness.send(scene.credential))
    scene.devnet.clock.advance(seconds: 301)
    ChargeUnresolvedTests.expectUnresolved(await scene.harness.send(scene.credential))
    let other = await scene.harness.send(scene.credential, target: "/r?other=1")
    #expect(Harness.problem(other)?.code == .paymentExpired)
    scene.devnet.clock.advance(seconds: 100)
    try await scene.harness.deliver(await scene.harness.send(scene.credential))
    expectRefusal(await scene.harness.send(scene.credential), .verificationFailed, ChargeFlowTests.used)
  }

  @Test(
    "What was presented in time reserves nothing: another challenge may not have it, and it ends after a day")
  func presentationEnds() async throws {
    let scene = try await Scene(hidden: 400_000)
    ChargeUnresolvedTests.expectUnresolved(await scene.harness.send(scene.credential))
    scene.devnet.clock.advance(seconds: 400)
    let other = scene.harness.credential(try await scene.harness.challenge(), .hash(scene.hash))
    expectRefusal(
      await scene.harness.send(other), .verificationFailed,
      "Payment verification failed: memo is not bound to this challenge.")
    scene.devnet.clock.advance(seconds: 86_400 - 100)
    #expect(Harness.problem(await scene.harness.send(scene.credential))?.code == .paymentExpired)
  }

  @Test(
    "A payment that was made after its challenge had ended is not taken, though its hash was presented in time"
  )
  func paidTooLate() async throws {
    let scene = try await Scene(
      change: {
        $0.nonceKey = .zero
        $0.nonce = 0
        $0.validBefore = nil
      }, isSent: false)
    #expect(Harness.problem(await scene.harness.send(scene.credential))?.status == 402)
    scene.devnet.clock.advance(seconds: 400)
    try await scene.send()
    expectRefusal(
      await scene.harness.send(scene.credential), .verificationFailed,
      "Payment verification failed: The transaction is newer than the challenge.")
  }

  @Test("Without a source whoever the receipt names has paid, where the options say so")
  func sourceless() async throws {
    let harness = try await ChargeHarness { $0.allowsSourcelessHash = true }
    let challenge = try await harness.challenge()
    let hash = try await harness.pushed(challenge)
    let payment = try harness.proceed(
      await harness.send(harness.credential(challenge, .hash(hash), source: .some(nil))))
    await payment.delivered()
    #expect(payment.source?.text == harness.payer.source)
    // One that is stated must be right all the same.
    let other = try await harness.challenge()
    let second = try await harness.pushed(other)
    let outcome = await harness.send(harness.credential(other, .hash(second), source: "did:key:abc"))
    expectRefusal(
      outcome, .verificationFailed, "Payment verification failed: Hash credential source is invalid.")
  }
}
