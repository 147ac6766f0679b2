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
  @Test(
    "Every call to the node may fail once", arguments: ChargeFlow.all + ChargeFlow.hosted,
    FaultTests.Fault.allCases)
  func failNthCall(_ flow: ChargeFlow, _ fault: FaultTests.Fault) async throws {
    for index in 0..<24 {
      let purchase = try await Purchase(flow, seed: UInt64(index + 1))
      let rule = purchase.harness.devnet.faults.inject(
        fault == .drop || fault == .hideReceipt ? .broadcast : .method("eth_*"), fault.action, skip: index)
      let note = "\(flow.testDescription) \(fault) at \(index)"
      #expect(try await purchase.deliveries() == 1, "\(note)")
      let fired = purchase.harness.devnet.faults.timesFired(rule) > 0
      purchase.harness.devnet.faults.clear()
      try await purchase.expectAgreement(note)
      if !fired { return }
    }
    Issue.record("more calls than expected")
  }

  @Test(
    "Every write to the ledger may fail once, with or without effect",
    arguments: ChargeFlow.all + ChargeFlow.hosted,
    [FaultStore.Fault.before, .after])
  func failNthWrite(_ flow: ChargeFlow, _ fault: FaultStore.Fault) async throws {
    for number in 1...40 {
      let purchase = try await Purchase(flow, seed: UInt64(number))
      let store = purchase.harness.store
      let first = store.commitCount
      if flow.way == .proof {
        store.failClaim(number, fault)
      } else {
        store.failCommit(first + number, fault)
      }
      let note = "\(flow.testDescription) \(fault) at \(number)"
      var deliveries = try await purchase.deliveries()
      // A delivery whose end was not written can be redeemed once more after its lease, never more often.
      purchase.harness.devnet.clock.advance(seconds: 61)
      if let renewed = try await purchase.renewedProof(after: deliveries) {
        // Used up, and the answer lost: nothing was paid for it, and the next one is taken.
        #expect(number == 1 && fault == .after, "\(note)")
        deliveries += try await renewed.deliveries()
        try await renewed.expectAgreement(note)
      }
      deliveries += try await purchase.deliveries(attempts: 2)
      #expect((1...flow.mostDeliveries).contains(deliveries), "\(note): \(deliveries)")
      let fired = flow.way == .proof ? store.claimCount >= number : store.commitCount >= first + number
      purchase.harness.devnet.clock.advance(seconds: 61)
      try await purchase.expectAgreement(note)
      if !fired { return }
    }
    Issue.record("more writes than expected")
  }

  @Test(
    "Every signature of the sponsor may fail once", arguments: ChargeFlow.all.filter { $0.has(.sponsored) })
  func failNthSignature(_ flow: ChargeFlow) async throws {
    for number in 0..<4 {
      let purchase = try await Purchase(flow, seed: UInt64(number + 1))
      purchase.sponsor.fail([number])
      let note = "\(flow.testDescription) signature \(number)"
      #expect(try await purchase.deliveries() == 1, "\(note)")
      let fired = purchase.sponsor.count > number
      try await purchase.expectAgreement(note)
      if !fired { return }
    }
    Issue.record("more signatures than expected")
  }

  @Test(
    "The server dies at every write, before and after it: the next one finishes what was begun",
    arguments: ChargeFlow.all + ChargeFlow.hosted, [FaultStore.Fault.before, .after])
  func diesAtNthWrite(_ flow: ChargeFlow, _ fault: FaultStore.Fault) async throws {
    for number in 1...40 {
      let purchase = try await Purchase(flow, seed: UInt64(number))
      let store = purchase.harness.store
      let first = store.commitCount
      // From this write on nothing reaches the disk any more.
      for later in 0...40 {
        let fails: FaultStore.Fault = later == 0 ? fault : .before
        if flow.way == .proof {
          store.failClaim(number + later, fails)
        } else {
          store.failCommit(first + number + later, fails)
        }
      }
      let note = "\(flow.testDescription) dies \(fault) \(number)"
      var deliveries = try await purchase.deliveries(attempts: 1)
      let died = flow.way == .proof ? store.claimCount >= number : store.commitCount >= first + number
      let next = try await Purchase(restarting: purchase)
      deliveries += try await next.deliveries()
      if let renewed = try await next.renewedProof(after: deliveries) {
        #expect(number == 1 && fault == .after, "\(note)")
        deliveries += try await renewed.deliveries()
      }
      next.harness.devnet.clock.advance(seconds: 61)
      deliveries += try await next.deliveries(attempts: 1)
      #expect((1...flow.mostDeliveries).contains(deliveries), "\(note): \(deliveries)")
      next.harness.devnet.clock.advance(seconds: 61)
      try await next.expectAgreement(note)
      if !died { return }
    }
    Issue.record("more writes than expected")
  }

  @Test(
    "The clock passes every end while a payment is under way: it is delivered all the same, or nothing was paid",
    arguments: ChargeFlow.all + ChargeFlow.hosted)
  func clockPastExpiry(_ flow: ChargeFlow) async throws {
    for index in 0..<24 {
      let purchase = try await Purchase(flow, seed: UInt64(index + 1))
      let harness = purchase.harness
      // The call is answered; meanwhile the transaction and the challenge come to their end.
      let rule = harness.devnet.faults.inject(.method("eth_*"), .loseReply, skip: index)
      var outcome: PaymentOutcome?
      let calls = harness.devnet.requests().count
      for _ in 0..<3 {
        outcome = await purchase.send()
        if harness.devnet.faults.timesFired(rule) > 0, harness.devnet.requests().count > calls {
          harness.devnet.clock.advance(seconds: 301)
          harness.devnet.mine()
        }
        if case .proceed = outcome { break }
      }
      if case .proceed(let payment) = outcome {
        await payment.delivered()
      }
      let note = "\(flow.testDescription) at \(index)"
      let fired = harness.devnet.faults.timesFired(rule) > 0
      harness.devnet.faults.clear()
      let payments = purchase.books.payments.count
      #expect(payments <= 1, "\(note)")
      if case .proceed = outcome {
        #expect(payments == (flow.way == .proof ? 0 : 1), "\(note)")
      } else if let renewed = try await purchase.renewedProof(after: 0) {
        #expect(try await renewed.deliveries() == 1, "\(note)")
      }
      #expect(purchase.books.differences() == [], "\(note)")
      await harness.method.reconcile()
      let intents = try LedgerIntentStore(harness.server.ledger)
      #expect(try await intents.pending(limit: 9).isEmpty, "\(note)")
      if !fired { return }
    }
    Issue.record("more calls than expected")
  }
}

extension ChargeFlow {
  /// A delivery whose end was not written can be made once more; a proof is used up before it.
  fileprivate var mostDeliveries: Int { way == .proof ? 1 : 2 }
}
