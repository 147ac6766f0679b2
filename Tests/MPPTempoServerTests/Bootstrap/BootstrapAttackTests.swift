import EVM
import HTTPTypes
import MPPCore
import MPPServer
import MPPTempo
import MPPTesting
import PeerSupport
import Synchronization
import Tempo
import TempoDevnet
import Testing

@testable import MPPTempoServer

/// Nobody but its payer hears of a channel, and a proof is worth nothing elsewhere (W4, W6, W54; C22).
@Suite struct BootstrapAttackTests {
  private static func harness(
    _ bootstrap: SessionBootstrap = .newestChannel, offer: (inout Offer) -> Void = { _ in },
    options: (inout TempoSessionOptions) -> Void = { _ in }
  ) async throws -> Harness {
    try await Harness(offer: offer) {
      $0.bootstrap = bootstrap
      options(&$0)
    }
  }

  private static func failed(_ reason: String) -> String { "Payment verification failed: \(reason)." }

  @Test func w4TheChannelOfAnotherPayerIsNeverShown() async throws {
    let box = ChannelBox()
    let harness = try await Self.harness(.channel { _, _ in box.id })
    box.set(try await harness.opened().id)
    for stranger in [harness.devnet.accounts[1], harness.devnet.accounts[2]] {
      #expect(try await harness.snapshot(try await harness.proof(of: stranger)) == nil)
    }
    #expect(try await harness.snapshot(try await harness.proof(of: harness.payer.account)) != nil)
  }

  /// The hook names channels of the payer that do not pay this offer.
  @Test func c22TheSameFieldsAreComparedAsForEveryLookup() async throws {
    let box = ChannelBox()
    let store = MemoryStore()
    let devnet = try Harness.chain()
    let other = try await Harness(devnet: devnet, store: store)
    var seed: UInt64 = 1
    box.set(try await other.opened().id)
    try await other.server.ledger.flush()
    func expectNothing(
      _ what: String, _ offer: (inout Offer) -> Void,
      _ options: (inout TempoSessionOptions) -> Void = { _ in }
    ) async throws {
      // Challenges of servers with the same randomness and time are the same.
      seed += 1
      let harness = try await Harness(devnet: devnet, store: store, seed: seed, offer: offer) {
        $0.bootstrap = .channel { _, _ in box.id }
        options(&$0)
      }
      #expect(
        try await harness.snapshot(try await harness.proof(of: harness.payer.account)) == nil, "\(what)")
    }
    let stranger = devnet.accounts[2].address
    try await expectNothing("token") { $0.currency = TempoAddress.alphaUSD.hex }
    try await expectNothing(
      "payee", { $0.recipient = stranger.checksummed }, { $0.operator = devnet.accounts[1].address })
    try await expectNothing("operator", { _ in }, { $0.operator = stranger })
    try await expectNothing("escrow") {
      $0.options = [.init(key: "escrowContract", value: .string(stranger.checksummed))]
    }
    let same = try await Harness(
      devnet: devnet, store: store, seed: 99, options: { $0.bootstrap = .channel { _, _ in box.id } })
    #expect(try await same.snapshot(try await same.proof(of: same.payer.account)) != nil)
  }

  @Test func w54AProofOfAnotherRealmIsRefused() async throws {
    let harness = try await Self.harness()
    let elsewhere = try await PaymentServer(
      realm: "other.example.com", secrets: .values(Harness.secret),
      ledger: try Ledger(MemoryStore(), allowVolatileLedger: true),
      methods: [
        .tempo(
          {
            var options = TempoSessionOptions(
              signer: harness.devnet.accounts[1].signer, transport: DevnetTransport(harness.devnet),
              chainID: harness.devnet.chainID)
            options.bootstrap = .newestChannel
            return options
          }())
      ], clock: harness.devnet.clock)
    let route = try elsewhere.route(.get, "/r", offers: [.session("0.001", per: "request")])
    let outcome = await elsewhere.authorize(PaymentRequest(method: .head, target: "/r"), for: route)
    let header = try #require(outcome.response?.headers[.wwwAuthenticate])
    let challenge = try #require(try Challenge.parse(header: header).challenges.first)
    let credential = try await harness.proof(of: harness.payer.account, for: challenge)
    #expect(
      Harness.problem(await harness.send(credential, method: .head))?.detail
        == "Challenge \"\(challenge.id)\" is invalid: credential realm does not match this route's requirements."
    )
  }

  @Test func aProofOfAnotherRouteIsRefused() async throws {
    let harness = try await Self.harness()
    let other = try harness.server.route(.get, "/other", offers: [.session("0.001", per: "request")])
    let outcome = await harness.server.authorize(
      PaymentRequest(method: .head, target: "/other"), for: other)
    let header = try #require(outcome.response?.headers[.wwwAuthenticate])
    let challenge = try #require(try Challenge.parse(header: header).challenges.first)
    let credential = try await harness.proof(of: harness.payer.account, for: challenge)
    #expect(Harness.problem(await harness.send(credential, method: .head))?.code == .invalidChallenge)
  }

  @Test func aProofForTheAccountBySomebodyElseIsRefused() async throws {
    let harness = try await Self.harness()
    _ = try await harness.opened()
    let forged = try await harness.proof(
      of: harness.payer.account, signedBy: harness.devnet.accounts[2].privateKey)
    expectRefusal(
      await harness.send(forged, method: .head), .verificationFailed,
      Self.failed("Proof signature does not match source"))
  }

  @Test func aProofOfAnotherChainIsRefused() async throws {
    let harness = try await Self.harness()
    let challenge = try await harness.asked().challenge
    let account = harness.payer.account
    let proof = ZeroAmountProof(
      account: account.address, chainID: 1, challengeID: challenge.id, realm: challenge.realm)
    let credential = Harness.answer(
      challenge, .proof(account.privateKey.sign(proof.digest).bytes65), account.address, 1)
    expectRefusal(
      await harness.send(credential, method: .head), .verificationFailed,
      Self.failed("Proof credential source is invalid"))
  }

  @Test func onlyAProofAnswers() async throws {
    let harness = try await Self.harness()
    let account = harness.payer.account
    for payload in [ChargePayload.hash(.zero), .transaction([0x76, 0xc0])] {
      let challenge = try await harness.asked().challenge
      expectRefusal(
        await harness.send(
          Harness.answer(challenge, payload, account.address, harness.devnet.chainID), method: .head),
        .verificationFailed, Self.failed("Zero-amount challenges require a proof credential"))
    }
  }

  @Test func anExpiredChallengeIsRefused() async throws {
    let harness = try await Self.harness()
    let credential = try await harness.proof(of: harness.payer.account)
    harness.devnet.clock.advance(milliseconds: 300_001)
    let (response, challenge) = try await harness.asked(credential)
    #expect(response.status == 402)
    #expect(PaymentProblem(document: try JSONValue(parsing: response.body))?.code == .paymentExpired)
    #expect(challenge.intent == "charge")
  }

  @Test func aChallengeThatIsNotOursIsRefused() async throws {
    let harness = try await Self.harness()
    let (response, asked) = try await harness.asked()
    let issued = try #require(response.headers[.wwwAuthenticate])
    let header = issued.replacing(asked.id, with: String(asked.id.reversed()))
    let challenge = try #require(try Challenge.parse(header: header).challenges.first)
    let credential = try await harness.proof(of: harness.payer.account, for: challenge)
    #expect(Harness.problem(await harness.send(credential, method: .head))?.code == .invalidChallenge)
  }

  /// Neither of the two pays for, or proves, what the other asks.
  @Test func itsChallengesAndThoseOfAProofRouteAreApart() async throws {
    let harness = try await Self.harness()
    let charges = try await PaymentServer(
      realm: "api.example.com", secrets: .values(Harness.secret),
      ledger: try Ledger(MemoryStore(), allowVolatileLedger: true),
      methods: [
        .tempoCharge(
          TempoChargeOptions(
            transport: DevnetTransport(harness.devnet), chainID: harness.devnet.chainID,
            recipient: harness.payee))
      ], clock: harness.devnet.clock)
    let route = try charges.route(.get, "/r", offers: [.charge("0")])
    let asked = try await harness.proof(of: harness.payer.account)
    let content = await charges.authorize(
      PaymentRequest(method: .get, target: "/r", headers: [.authorization: asked]), for: route)
    #expect(Harness.problem(content)?.code == .invalidChallenge)

    let outcome = await charges.authorize(PaymentRequest(method: .get, target: "/r"), for: route)
    let header = try #require(outcome.response?.headers[.wwwAuthenticate])
    let challenge = try #require(try Challenge.parse(header: header).challenges.first)
    let paid = try await harness.proof(of: harness.payer.account, for: challenge)
    #expect(Harness.problem(await harness.send(paid, method: .head))?.code == .invalidChallenge)
    // Nor is it taken for a session credential.
    #expect(Harness.problem(await harness.send(asked, method: .get))?.code == .invalidChallenge)
  }

  @Test func aChannelThatIsClosedOrAboutToBeIsNotShown() async throws {
    let harness = try await Self.harness()
    let channel = try await harness.opened()
    try await harness.payer.sendDirectly(try ChannelReserveABI.requestCloseCalldata(channel.descriptor))
    let record = try await harness.record(channel)
    _ = try await harness.channels.read(record, harness.now)
    #expect(try await harness.snapshot(try await harness.proof(of: harness.payer.account)) == nil)
    let next = try await harness.opened()
    #expect(try await harness.snapshot(try await harness.proof(of: harness.payer.account)) != nil)
    _ = try await harness.post(next.close(1_000))
    #expect(try await harness.snapshot(try await harness.proof(of: harness.payer.account)) == nil)
  }

  /// `04` §16 [B]: the proof was good, so the answer is 204; a proof that cannot be used up is none.
  @Test func aStoreThatFailsAfterTheProofHidesTheChannelOnly() async throws {
    let (store, devnet) = (MemoryStore(), try Harness.chain())
    let first = try await Harness(devnet: devnet, store: store, options: { $0.bootstrap = .newestChannel })
    let channel = try await first.opened()
    try await first.server.ledger.flush()
    for failing in 0..<2 {
      let harness = try await Harness(
        devnet: devnet, store: store, seed: UInt64(2 + failing), options: { $0.bootstrap = .newestChannel })
      let credential = try await harness.proof(of: harness.payer.account)
      harness.store.failLoad(harness.store.loadCount + 1 + failing)
      #expect(try await harness.snapshot(credential) == nil, "load \(failing)")
      let again = try await harness.snapshot(try await harness.proof(of: harness.payer.account))
      #expect(again?.channelID == channel.id)
    }
    let harness = try await Harness(devnet: devnet, store: store, options: { $0.bootstrap = .newestChannel })
    for fault in [FaultStore.Fault.before, .after] {
      let credential = try await harness.proof(of: harness.payer.account)
      harness.store.failClaim(harness.store.claimCount + 1, fault)
      #expect(await harness.send(credential, method: .head).response?.status == 503)
      guard fault == .after else { continue }
      #expect(Harness.problem(await harness.send(credential, method: .head))?.code == .verificationFailed)
    }
  }

  /// A channel that was opened is served whatever becomes of the note about it.
  @Test func anOpenIsPaidAlsoWhenItsNoteIsLost() async throws {
    let counting = try await Self.harness()
    let before = counting.store.commitCount
    let counted = try await counting.payer.open(deposit: 100_000, payee: counting.payee)
    _ = try await counting.paid(counted.openPayload(1_000))
    try await counting.server.ledger.flush()
    for number in 1...(counting.store.commitCount - before) {
      let harness = try await Self.harness()
      let channel = try await harness.payer.open(deposit: 100_000, payee: harness.payee)
      harness.store.failCommit(harness.store.commitCount + number, .before)
      var outcome = try await harness.get(channel.openPayload(1_000))
      if case .proceed = outcome {} else { outcome = try await harness.get(channel.openPayload(1_000)) }
      try await harness.deliver(outcome)
      #expect(try await harness.record(channel).spent == Amount(units: 1_000), "commit \(number)")
    }
  }
}

private final class ChannelBox: Sendable {
  private let value = Mutex<Hash32?>(nil)
  var id: Hash32? { value.withLock { $0 } }
  func set(_ id: Hash32) { value.withLock { $0 = id } }
}
