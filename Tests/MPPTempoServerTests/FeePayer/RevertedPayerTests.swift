import EVM
import MPPCore
import MPPServer
import PeerSupport
import Tempo
import TempoDevnet
import Testing

@testable import MPPTempoServer

@Suite("Sponsored charges: a payer whose transaction was reverted at the sponsor's expense")
struct RevertedPayerTests {
  @Test("It is not sponsored for some minutes, however often it tries; afterwards it is again")
  func pause() async throws {
    let scene = try await SponsorHarness()
    let devnet = scene.harness.devnet
    // As if the payer emptied its account after every dry run.
    devnet.faults.inject(.broadcast, .revert(), count: nil)
    var details: [String] = []
    for _ in 0..<6 {
      let challenge = try await scene.harness.challenge()
      let signed = try await scene.harness.handedOver(challenge)
      details.append(Harness.problem(await scene.send(challenge, signed.serialized))?.detail ?? "paid")
      devnet.clock.advance(seconds: 60)
    }
    #expect(details[0].contains("did not pay"))
    #expect(details.dropFirst().allSatisfy { $0.contains("whose last one was reverted") })
    #expect(scene.sponsor.count == 1)
    #expect(try await scene.reservations().isEmpty)
    devnet.faults.clear()
    devnet.clock.advance(seconds: RevertedPayers.pause)
    let challenge = try await scene.harness.challenge()
    try await scene.harness.deliver(
      await scene.send(challenge, try await scene.harness.handedOver(challenge).serialized))
  }
}
