import EVM
import MPPCore
import MPPServer
import MPPTempo
import MPPTesting
import PeerSupport
import TempoDevnet
import Testing

@testable import MPPTempoServer

/// A charge is delivered once, however long its delivery takes and whoever presents it again meanwhile (`06` §1.16).
@Suite("Charges: deliveries that take long")
struct ChargeDeliveryTests {
  /// A server, and the credential of a payment that is on the chain.
  private struct Scene {
    let harness: ChargeHarness
    let credential: String

    init(_ harness: ChargeHarness) async throws {
      self.harness = harness
      let challenge = try await harness.challenge()
      credential = harness.credential(challenge, .hash(try await harness.pushed(challenge)))
    }

    func send() async -> PaymentOutcome { await harness.send(credential) }

    func proceed() async throws -> Payment { try harness.proceed(await send()) }

    func look() async { await HoldKeeper(harness.method.service).look() }
  }

  private static func expectInProgress(
    _ outcome: PaymentOutcome, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let problem = Harness.problem(outcome)
    #expect(problem?.status == 503, "\(Harness.text(outcome))", sourceLocation: sourceLocation)
    let code = problem?.details.first { $0.key == "code" }?.value.stringValue
    #expect(code == "in-progress", sourceLocation: sourceLocation)
  }

  @Test("A handler that takes longer than a lease runs once, in the eyes of this process and of others")
  func longDelivery() async throws {
    let harness = try await ChargeHarness()
    let scene = try await Scene(harness)
    let other = try await ChargeHarness(devnet: harness.devnet, store: harness.store, seed: 2)
    let payment = try await scene.proceed()
    for _ in 0..<12 {
      harness.devnet.clock.advance(seconds: 20)
      await scene.look()
      Self.expectInProgress(await scene.send())
      Self.expectInProgress(await other.send(scene.credential))
    }
    #expect(payment.begin() == nil)
    harness.devnet.clock.advance(seconds: 20)
    await scene.look()
    Self.expectInProgress(await other.send(scene.credential))
    await payment.delivered()
    try await harness.server.ledger.flush()
    harness.devnet.clock.advance(seconds: 61)
    // The challenge has ended meanwhile, and the payment is used up.
    #expect(Harness.problem(await scene.send())?.code == .paymentExpired)
    #expect(harness.method.service.live.count == 0)
  }

  @Test("A delivery that was taken for dead does not begin any more, and does not end the next one")
  func takenForDead() async throws {
    let scene = try await Scene(try await ChargeHarness())
    let first = try await scene.proceed()
    scene.harness.devnet.clock.advance(seconds: 61)
    let second = try await scene.proceed()
    #expect(first.begin()?.status == 503)
    await first.failed()
    Self.expectInProgress(await scene.send())
    #expect(second.begin() == nil)
    await second.delivered()
    expectRefusal(await scene.send(), .verificationFailed, ChargeFlowTests.used)
  }

  @Test("A late failure of the first delivery leaves the second one alone")
  func lateFailure() async throws {
    let scene = try await Scene(try await ChargeHarness())
    let first = try await scene.proceed()
    scene.harness.devnet.clock.advance(seconds: 61)
    let second = try await scene.proceed()
    await first.failed()
    Self.expectInProgress(await scene.send())
    #expect(second.begin() == nil)
  }

  @Test("A keeper that comes late revokes what another process has taken, before its first byte")
  func takenByAnotherProcess() async throws {
    let harness = try await ChargeHarness()
    let scene = try await Scene(harness)
    let other = try await ChargeHarness(devnet: harness.devnet, store: harness.store, seed: 2)
    let first = try await scene.proceed()
    harness.devnet.clock.advance(seconds: 61)
    let second = try other.proceed(await other.send(scene.credential))
    await scene.look()
    #expect(first.begin()?.status == 503)
    #expect(second.begin() == nil)
  }

  @Test("A forgotten delivery ends: done when its first byte was sent, otherwise failed")
  func forgotten() async throws {
    for isSending in [true, false] {
      let scene = try await Scene(
        try await ChargeHarness(route: RouteOptions(lifetimeSeconds: 10_000)))
      let payment = try await scene.proceed()
      if isSending { #expect(payment.begin() == nil) }
      scene.harness.devnet.clock.advance(seconds: 3_599)
      await scene.look()
      Self.expectInProgress(await scene.send())
      scene.harness.devnet.clock.advance(seconds: 2)
      await scene.look()
      if isSending {
        expectRefusal(await scene.send(), .verificationFailed, ChargeFlowTests.used)
        await payment.failed()
      } else {
        #expect(payment.begin()?.status == 503)
        try await scene.harness.deliver(await scene.send())
      }
    }
  }

  @Test(
    "The end of a delivery is written though the ledger failed once",
    arguments: [FaultStore.Fault.before, .after])
  func lostEnd(_ fault: FaultStore.Fault) async throws {
    let scene = try await Scene(try await ChargeHarness())
    let payment = try await scene.proceed()
    try await scene.harness.server.ledger.flush()
    scene.harness.store.failCommit(scene.harness.store.commitCount + 1, fault)
    await payment.delivered()
    try? await scene.harness.server.ledger.flush()
    await scene.look()
    scene.harness.devnet.clock.advance(seconds: 61)
    expectRefusal(await scene.send(), .verificationFailed, ChargeFlowTests.used)
    #expect(scene.harness.method.service.live.count == 0)
  }
}
