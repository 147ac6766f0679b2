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

/// Something fails once, at every operation of every way to pay in turn. After the payer's repetition and a sweep the chain, the
/// ledger and the journal agree: paid once, delivered once, nothing left open (`06` §1.16).
@Suite("Charges: fail the n-th operation of the server")
struct ServerChargeFaultTests {
  enum Flow: String, CaseIterable, Sendable {
    case pull, push, proof, sponsored
  }

  /// A payment that is signed, and for a push broadcast, but not presented yet.
  struct Purchase: Sendable {
    let flow: Flow
    let harness: ChargeHarness
    let credential: String
    let before: UInt128

    init(_ flow: Flow, seed: UInt64) async throws {
      self.flow = flow
      let devnet = try Harness.chain()
      harness = try await ChargeHarness(
        devnet: devnet, seed: seed, price: flow == .proof ? "0" : "0.01"
      ) { options in
        if flow == .sponsored { options.feePayer = FeePayerOptions(signer: devnet.sponsor.signer) }
        options.pushDeadline = 1_000
      }
      before = harness.paid()
      let challenge = try await harness.challenge()
      let payload: ChargePayload
      switch flow {
      case .pull: payload = .transaction(try await harness.signed(challenge).serialized)
      case .sponsored: payload = .transaction(try await harness.handedOver(challenge).serialized)
      case .push: payload = .hash(try await harness.pushed(challenge))
      case .proof:
        let (_, signature) = try await ZeroAmountProof.sign(
          chainID: devnet.chainID, challengeID: challenge.id, realm: challenge.realm,
          by: .secp256k1(harness.payer.account.privateKey))
        payload = .proof(signature)
      }
      credential = harness.credential(challenge, payload)
    }

    /// The same server, started again on what its ledger holds.
    init(restarting other: Purchase) async throws {
      flow = other.flow
      credential = other.credential
      before = other.before
      let devnet = other.harness.devnet
      harness = try await ChargeHarness(
        devnet: devnet, store: FaultStore(other.harness.store.base), seed: 99,
        price: other.flow == .proof ? "0" : "0.01"
      ) { options in
        if other.flow == .sponsored {
          options.feePayer = FeePayerOptions(signer: devnet.sponsor.signer)
        }
      }
      try await harness.method.start()
    }

    /// Presents the credential until it is answered with content; the deliveries there were.
    func deliveries(attempts: Int = 8) async throws -> Int {
      for _ in 0..<attempts {
        if case .proceed(let payment) = await harness.send(credential) {
          await payment.delivered()
          try? await harness.server.ledger.flush()
          return 1
        }
        harness.devnet.clock.advance(seconds: 1)
      }
      return 0
    }

    /// Paid once, used up, and nothing under way.
    func expectAgreement(_ note: String) async throws {
      try await harness.method.start()
      #expect(harness.paid() == before + (flow == .proof ? 0 : ChargeHarness.price), "\(note)")
      let again = Harness.problem(await harness.send(credential))
      #expect(again?.detail.contains("has already been used") == true, "\(note): \(again?.detail ?? "")")
      let intents = try LedgerIntentStore(harness.server.ledger)
      #expect(try await intents.pending(limit: 9).isEmpty, "\(note)")
      let table = try harness.server.ledger.table(SponsorBudget.self)
      let key = SponsorBudget.key(
        chainID: harness.devnet.chainID, sponsor: harness.devnet.sponsor.address)
      // One whose end could not be written is free when its transaction has expired.
      let reservations = try await table.load(key)?.reservations ?? []
      #expect(reservations.allSatisfy { $0.expires <= harness.devnet.clock.now }, "\(note)")
      #expect(harness.devnet.audit() == [], "\(note)")
    }
  }

  @Test("Every call to the node may fail once", arguments: Flow.allCases, FaultTests.Fault.allCases)
  func failNthCall(_ flow: Flow, _ fault: FaultTests.Fault) async throws {
    for index in 0..<24 {
      let purchase = try await Purchase(flow, seed: UInt64(index + 1))
      let rule = purchase.harness.devnet.faults.inject(
        fault == .drop || fault == .hideReceipt ? .broadcast : .method("eth_*"), fault.action, skip: index)
      let note = "\(flow) \(fault) at \(index)"
      #expect(try await purchase.deliveries() == 1, "\(note)")
      let fired = purchase.harness.devnet.faults.timesFired(rule) > 0
      purchase.harness.devnet.faults.clear()
      try await purchase.expectAgreement(note)
      if !fired { return }
    }
    Issue.record("more calls than expected")
  }

  @Test(
    "Every write to the ledger may fail once, with or without effect", arguments: Flow.allCases,
    [FaultStore.Fault.before, .after])
  func failNthWrite(_ flow: Flow, _ fault: FaultStore.Fault) async throws {
    for number in 1...40 {
      let purchase = try await Purchase(flow, seed: UInt64(number))
      let store = purchase.harness.store
      let first = store.commitCount
      if flow == .proof { store.failClaim(number, fault) } else { store.failCommit(first + number, fault) }
      let note = "\(flow) \(fault) at \(number)"
      var deliveries = try await purchase.deliveries()
      // A delivery whose end was not written can be redeemed once more after its lease, never more often.
      purchase.harness.devnet.clock.advance(seconds: 61)
      let isProofLost = flow == .proof && number == 1 && fault == .after
      deliveries += try await purchase.deliveries(attempts: 2)
      #expect((isProofLost ? 0...0 : 1...2).contains(deliveries), "\(note): \(deliveries)")
      let fired = flow == .proof ? store.claimCount >= number : store.commitCount >= first + number
      purchase.harness.devnet.clock.advance(seconds: 61)
      try await purchase.expectAgreement(note)
      if !fired { return }
    }
    Issue.record("more writes than expected")
  }

  @Test(
    "The server dies at every write, before and after it: the next one finishes what was begun",
    arguments: [Flow.pull, .push, .sponsored], [FaultStore.Fault.before, .after])
  func diesAtNthWrite(_ flow: Flow, _ fault: FaultStore.Fault) async throws {
    for number in 1...40 {
      let purchase = try await Purchase(flow, seed: UInt64(number))
      let first = purchase.harness.store.commitCount
      // From this write on nothing reaches the disk any more.
      purchase.harness.store.failCommit(first + number, fault)
      for later in 1...40 { purchase.harness.store.failCommit(first + number + later, .before) }
      let note = "\(flow) dies \(fault) \(number)"
      var deliveries = try await purchase.deliveries(attempts: 1)
      let died = purchase.harness.store.commitCount >= first + number
      let next = try await Purchase(restarting: purchase)
      deliveries += try await next.deliveries()
      next.harness.devnet.clock.advance(seconds: 61)
      deliveries += try await next.deliveries(attempts: 1)
      #expect((1...2).contains(deliveries), "\(note): \(deliveries)")
      next.harness.devnet.clock.advance(seconds: 61)
      try await next.expectAgreement(note)
      if !died { return }
    }
    Issue.record("more writes than expected")
  }

  @Test(
    "The clock passes every end while a payment is under way: it is delivered all the same, or nothing was paid",
    arguments: [Flow.pull, .push, .sponsored])
  func clockPastExpiry(_ flow: Flow) async throws {
    for index in 0..<24 {
      let purchase = try await Purchase(flow, seed: UInt64(index + 1))
      let harness = purchase.harness
      // The call is answered; meanwhile the transaction and the challenge come to their end.
      let rule = harness.devnet.faults.inject(.method("eth_*"), .loseReply, skip: index)
      var outcome: PaymentOutcome?
      let calls = harness.devnet.requests().count
      for _ in 0..<3 {
        outcome = await harness.send(purchase.credential)
        if harness.devnet.faults.timesFired(rule) > 0, harness.devnet.requests().count > calls {
          harness.devnet.clock.advance(seconds: 301)
          harness.devnet.mine()
        }
        if case .proceed = outcome { break }
      }
      if case .proceed(let payment) = outcome {
        await payment.delivered()
      }
      let note = "\(flow) at \(index)"
      let fired = harness.devnet.faults.timesFired(rule) > 0
      harness.devnet.faults.clear()
      let isPaid = harness.paid() == purchase.before + ChargeHarness.price
      #expect(isPaid || harness.paid() == purchase.before, "\(note)")
      if case .proceed = outcome { #expect(isPaid, "\(note)") }
      try await harness.method.start()
      let intents = try LedgerIntentStore(harness.server.ledger)
      #expect(try await intents.pending(limit: 9).isEmpty, "\(note)")
      if !fired { return }
    }
    Issue.record("more calls than expected")
  }
}
