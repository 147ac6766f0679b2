import MPPCore
import MPPServer
import MPPTempo
import PeerSupport
import Tempo
import TempoDevnet
import Testing

@testable import MPPTempoServer

@Suite("Charges: how an offer may be paid")
struct ChargeOfferRulesTests {
  @Test("A sponsored charge offers no push, takes none, and cannot be told to")
  func pushIsNotSponsored() async throws {
    let scene = try await SponsorHarness()
    let challenge = try await scene.harness.challenge()
    let modes = challenge.request.value()["methodDetails"]?["supportedModes"]?.arrayValue
    #expect(modes?.map(\.stringValue) == ["pull"])
    let hash = try await scene.harness.pushed(challenge)
    expectRefusal(
      await scene.harness.send(scene.harness.credential(challenge, .hash(hash))), .verificationFailed,
      "Payment verification failed: Hash credentials are not supported for this challenge.")
    let both: JSONValue = .array([.string("push"), .string("pull")])
    await #expect(throws: ConfigurationError.self) {
      try await SponsorHarness(members: [.init(key: "supportedModes", value: both)])
    }
  }
}
