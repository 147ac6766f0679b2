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

/// A pushed payment belongs to its payer and to the challenge its memo names, whoever presents it first (`06` §1.9 H4, H5).
@Suite("Pushed charges: bound to their challenge")
struct PushBindingTests {
  private static let notBound = "Payment verification failed: memo is not bound to this challenge."
  private static let notFound = "Payment verification failed: no matching transfer found."

  @Test(
    "A mined payment that nobody has redeemed buys nothing under another challenge, for its payer or anybody else, and its own challenge still delivers it",
    arguments: [false, true])
  func otherChallenge(allowsSourceless: Bool) async throws {
    let harness = try await ChargeHarness { $0.allowsSourcelessHash = allowsSourceless }
    let before = harness.paid()
    let own = try await harness.challenge()
    let hash = try await harness.pushed(own)
    let other = try await harness.challenge()
    let thief = "did:pkh:eip155:\(harness.devnet.chainID):\(harness.devnet.accounts[2].address.checksummed)"
    let written = harness.store.commitCount
    func refused(_ challenge: Challenge, source: String??, _ reason: String) async {
      expectRefusal(
        await harness.send(harness.credential(challenge, .hash(hash), source: source)), .verificationFailed,
        reason)
    }
    await refused(other, source: nil, Self.notBound)
    await refused(other, source: thief, Self.notFound)
    await refused(own, source: thief, Self.notFound)
    // Nobody is named: whoever the receipt names has paid, and not for this.
    if allowsSourceless { await refused(other, source: .some(nil), Self.notBound) }
    #expect(harness.store.commitCount == written)
    #expect(harness.store.claimCount == 0)

    let receipt = try await harness.deliver(await harness.send(harness.credential(own, .hash(hash))))
    #expect(receipt.reference == hash.hex)
    await refused(own, source: nil, ChargeFlowTests.used)
    #expect(Harness.problem(await harness.send(harness.credential(other, .hash(hash))))?.status == 402)
    #expect(harness.paid() == before + ChargeHarness.price)
  }

  @Test("Two payers of one route cannot exchange their payments")
  func exchanged() async throws {
    let harness = try await ChargeHarness()
    let other = Payer(harness.devnet, harness.devnet.accounts[2], seed: 9)
    let challenges = [try await harness.challenge(), try await harness.challenge()]
    let first = try await harness.pushed(challenges[0])
    let signed = try await other.signed(try harness.calls(challenges[1]))
    try #require(try await other.planner.client.sendRawTransactionSync(signed.serialized).succeeded)
    for (challenge, hash, source) in [
      (challenges[0], signed.hash, harness.payer.source), (challenges[1], first, other.source),
    ] {
      expectRefusal(
        await harness.send(harness.credential(challenge, .hash(hash), source: source)), .verificationFailed,
        Self.notFound)
    }
    for (challenge, hash, source) in [
      (challenges[0], signed.hash, other.source), (challenges[1], first, harness.payer.source),
    ] {
      expectRefusal(
        await harness.send(harness.credential(challenge, .hash(hash), source: source)), .verificationFailed,
        Self.notBound)
    }
    try await harness.deliver(await harness.send(harness.credential(challenges[0], .hash(first))))
    try await harness.deliver(
      await harness.send(harness.credential(challenges[1], .hash(signed.hash), source: other.source)))
  }
}
