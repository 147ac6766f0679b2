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

/// What was used stays used, and of many that come at once one is first (`06` §1.12, §1.16).
@Suite("Charges: claims")
struct ChargeClaimTests {
  private static let memo: [JSONValue.Member] = [
    .init(key: "memo", value: .string("0x" + String(repeating: "ab", count: 32)))
  ]
  /// Challenges that outlive everything else: no expiry refuses before the claim does.
  private static let month = RouteOptions(lifetimeSeconds: 30 * 86_400)
  /// Longer than ended transactions stay in the ledger.
  private static let wait: Int64 = 8 * 86_400

  private func pass(_ harness: ChargeHarness) async throws {
    try await harness.server.ledger.flush()
    harness.devnet.clock.advance(seconds: Self.wait)
    harness.devnet.mine()
    await harness.method.reconcile()
  }

  @Test(
    "A payment that was used is used for good, by its bytes and by its hash, when its intent has left the ledger",
    arguments: [false, true])
  func afterRetention(isPulled: Bool) async throws {
    let harness = try await ChargeHarness(route: Self.month)
    let challenge = try await harness.challenge()
    let signed = try await harness.signed(challenge)
    if !isPulled {
      let receipt = try await harness.payer.planner.client.sendRawTransactionSync(signed.serialized)
      try #require(receipt.succeeded)
    }
    let payload: ChargePayload = isPulled ? .transaction(signed.serialized) : .hash(signed.hash)
    try await harness.deliver(await harness.send(harness.credential(challenge, payload)))
    let intents = try LedgerIntentStore(harness.server.ledger)
    let identity = ChainIntent.Identity(.charge, try signed.expiringNonceHash())
    if isPulled { #expect(try await intents.load(identity) != nil) }
    try await pass(harness)
    #expect(try await intents.load(identity) == nil)

    let (sent, paid) = (harness.devnet.requestCount("eth_sendRawTransaction"), harness.paid())
    var parity = signed.serialized
    parity[parity.count - 1] -= 27
    for payload in [.transaction(signed.serialized), .transaction(parity), ChargePayload.hash(signed.hash)] {
      expectRefusal(
        await harness.send(harness.credential(challenge, payload)), .verificationFailed, ChargeFlowTests.used)
    }
    #expect(harness.devnet.requestCount("eth_sendRawTransaction") == sent)
    #expect(harness.paid() == paid)
  }

  @Test(
    "With a memo that binds no challenge it is the claim that refuses a used payment: an unused one is taken in its place"
  )
  func explicitMemo() async throws {
    let harness = try await ChargeHarness(members: Self.memo, route: Self.month) {
      $0.explicitMemoIsUnique = true
    }
    let (first, second) = (try await harness.challenge(), try await harness.challenge())
    let (used, free) = (try await harness.pushed(first), try await harness.pushed(first))
    try await harness.deliver(await harness.send(harness.credential(first, .hash(used))))
    let early = await harness.send(harness.credential(second, .hash(used)))
    expectRefusal(early, .verificationFailed, ChargeFlowTests.used)
    try await pass(harness)
    let late = await harness.send(harness.credential(second, .hash(used)))
    expectRefusal(late, .verificationFailed, ChargeFlowTests.used)
    try await harness.deliver(await harness.send(harness.credential(second, .hash(free))))
  }

  // MARK: At once

  /// Presents all credentials at once, each several times, and delivers what is paid.
  /// - Returns: how many were answered with content.
  private func race(_ harness: ChargeHarness, _ credentials: [String]) async -> Int {
    await withTaskGroup(of: Int.self) { group in
      for number in 0..<48 {
        let credential = credentials[number % credentials.count]
        group.addTask {
          switch await harness.send(credential) {
          case .proceed(let payment):
            await payment.delivered()
            return 1
          case .challenge(let response), .problem(let response), .management(let response):
            #expect([402, 503].contains(response.status))
            return 0
          }
        }
      }
      return await group.reduce(0, +)
    }
  }

  @Test("Copies of a pushed payment, in either letter case: one delivery")
  func pushes() async throws {
    let harness = try await ChargeHarness()
    let challenge = try await harness.challenge()
    let hash = try await harness.pushed(challenge)
    let payload: JSONValue = [
      "hash": .string("0x" + hash.hex.dropFirst(2).uppercased()), "type": "hash",
    ]
    let upper = Credential(
      challenge: challenge, payload: payload, source: UnverifiedSource(harness.payer.source)
    ).serialized()
    let lower = harness.credential(challenge, .hash(hash))
    #expect(await race(harness, [lower, upper]) == 1)
    expectRefusal(await harness.send(upper), .verificationFailed, ChargeFlowTests.used)
  }

  @Test("Copies of a proof, in different signatures: one delivery")
  func proofs() async throws {
    let harness = try await ChargeHarness(price: "0")
    let challenge = try await harness.challenge()
    let account = harness.payer.account
    let proof = ZeroAmountProof(
      account: account.address, chainID: harness.devnet.chainID, challengeID: challenge.id,
      realm: challenge.realm)
    let signature = account.privateKey.sign(proof.digest).bytes65
    var parity = signature
    parity[64] -= 27
    let copies = [signature, parity].map { harness.credential(challenge, .proof($0)) }
    #expect(await race(harness, copies) == 1)
  }

  @Test("The two forms of a hand-over: one delivery, one signature of the sponsor, one payment")
  func handOvers() async throws {
    let scene = try await SponsorHarness()
    let before = scene.harness.paid()
    let challenge = try await scene.harness.challenge()
    let signed = try scene.payer.sign(try await scene.planned(challenge))
    let forms = [signed, try signed.handOff(sender: scene.payer.account.address)]
    #expect(Set(forms.map(\.serialized.first)) == [0x76, 0x78])
    let credentials = forms.map { scene.harness.credential(challenge, .transaction($0.serialized)) }
    #expect(await race(scene.harness, credentials) == 1)
    #expect(scene.sponsor.count == 1)
    #expect(scene.harness.paid() == before + ChargeHarness.price)
    #expect(try await scene.reservations().isEmpty)
  }

  @Test(
    "One payment with the seller's memo under two challenges: one delivery", arguments: [false, true])
  func twoChallenges(isPulled: Bool) async throws {
    let harness = try await ChargeHarness(members: Self.memo) { $0.explicitMemoIsUnique = true }
    let before = harness.paid()
    let challenges = [try await harness.challenge(), try await harness.challenge()]
    let signed = try await harness.signed(challenges[0])
    if !isPulled {
      let receipt = try await harness.payer.planner.client.sendRawTransactionSync(signed.serialized)
      try #require(receipt.succeeded)
    }
    let payload: ChargePayload = isPulled ? .transaction(signed.serialized) : .hash(signed.hash)
    #expect(await race(harness, challenges.map { harness.credential($0, payload) }) == 1)
    #expect(harness.paid() == before + ChargeHarness.price)
  }
}
