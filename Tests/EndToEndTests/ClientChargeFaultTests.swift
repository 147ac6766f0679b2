import EVM
import HTTPTypes
import MPPClient
import MPPCore
import MPPServer
import MPPTempo
import MPPTempoClient
import MPPTempoServer
import MPPTesting
import MarketplaceSupport
import PeerSupport
import Synchronization
import Tempo
import TempoDevnet
import TempoRPC
import Testing

/// Something fails once, at every operation between a client and a server in turn. Afterwards chain, ledger and journal agree:
/// nothing was paid twice, and nothing was delivered unpaid (`06` §1.16, U9).
@Suite("Charges: fail the n-th operation of the client", .timeLimit(.minutes(5)))
struct ClientChargeFaultTests {
  static let faults: [(String, FaultAction)] = [
    ("refuse", .refuse), ("loseReply", .loseReply), ("garbage", .garbage),
    ("unavailable", .http(status: 503)),
    ("error", .rpcError(code: -32603, message: "internal error")),
  ]

  @Test(
    "Every call to the node, of the client or the server, may fail once", arguments: ChargeFlow.all, 0..<5)
  func failNthCall(_ flow: ChargeFlow, _ number: Int) async throws {
    let (name, action) = Self.faults[number]
    for index in 0..<40 {
      let purchase = try await Purchase(flow)
      let rule = purchase.stall.devnet.faults.inject(.method("eth_*"), action, skip: index)
      let note = "\(flow.testDescription) \(name) at \(index)"
      let lost = try await purchase.answered(try purchase.client())
      let fired = purchase.stall.devnet.faults.timesFired(rule) > 0
      try await purchase.expectAgreement(lost: lost, note)
      #expect(lost == 0, "\(note)")
      if !fired { return }
    }
    Issue.record("more calls than expected")
  }

  @Test("Every write to the client's journal may fail once", arguments: ChargeFlow.all)
  func failNthJournalWrite(_ flow: ChargeFlow) async throws {
    for index in 0..<40 {
      let purchase = try await Purchase(flow)
      let client = try purchase.client()
      let first = purchase.journal.writes
      purchase.journal.fail([index])
      let note = "\(flow.testDescription) journal \(index)"
      let lost = try await purchase.answered(client)
      #expect(lost == 0, "\(note)")
      let fired = purchase.journal.writes > first + index
      purchase.journal.fail([])
      try await purchase.expectAgreement(lost: lost, note)
      if !fired { return }
    }
    Issue.record("more writes than expected")
  }

  @Test(
    "Every signature may fail once: nothing is journalled, sent or counted for it", arguments: ChargeFlow.all)
  func failNthSignature(_ flow: ChargeFlow) async throws {
    for index in 0..<3 {
      let purchase = try await Purchase(flow)
      purchase.key.fail(index)
      let client = try purchase.client()
      let note = "\(flow.testDescription) signature \(index)"
      if index == 0 {
        let error = await #expect(throws: PaymentClientError.self) {
          try await client.execute(purchase.stall.get(purchase.path))
        }
        #expect(error?.code == .signing)
        #expect(error?.exposure == PaymentClientError.Exposure.none)
        #expect(purchase.stall.payments.isEmpty)
        #expect(try await client.authorizedInPeriod() == .zero)
      }
      let lost = try await purchase.answered(client)
      #expect(lost == 0, "\(note)")
      try await purchase.expectAgreement(lost: lost, note)
    }
  }

  @Test(
    "Every write of the server may fail once, with or without effect", arguments: ChargeFlow.all,
    [FaultStore.Fault.before, .after])
  func failNthServerWrite(_ flow: ChargeFlow, _ fault: FaultStore.Fault) async throws {
    for number in 1...40 {
      let purchase = try await Purchase(flow)
      let first = purchase.stall.store.commitCount
      purchase.stall.store.failCommit(first + number, fault)
      if flow.way == .proof { purchase.stall.store.failClaim(number, fault) }
      let note = "\(flow.testDescription) store \(fault) \(number)"
      let lost = try await purchase.answered(try purchase.client())
      #expect(lost == 0, "\(note)")
      let (store, isProof) = (purchase.stall.store, flow.way == .proof)
      let fired = isProof ? store.claimCount >= number : store.commitCount >= first + number
      // A delivery whose end was not written can be redeemed once more.
      try await purchase.expectAgreement(lost: lost, note, redeemable: 1)
      if !fired { return }
    }
    Issue.record("more writes than expected")
  }

  @Test(
    "The answer, or the request, is lost once: the same payment is presented again", arguments: ChargeFlow.all
  )
  func loseOnce(_ flow: ChargeFlow) async throws {
    for losesRequest in [true, false] {
      let purchase = try await Purchase(flow)
      if losesRequest {
        purchase.stall.loseNextPaidRequest()
      } else {
        purchase.stall.loseNextPaidAnswer()
      }
      let lost = try await purchase.answered(try purchase.client())
      #expect(lost == 0)
      try await purchase.expectAgreement(lost: lost, "\(flow.testDescription) \(losesRequest)")
    }
  }

  @Test("The clock passes every expiry at the n-th call to the node", arguments: ChargeFlow.all)
  func clockPastExpiry(_ flow: ChargeFlow) async throws {
    for index in 0..<40 {
      let purchase = try await Purchase(flow)
      purchase.node.jump(seconds: 301, afterCall: index)
      let note = "\(flow.testDescription) clock at \(index)"
      let lost = try await purchase.answered(try purchase.client())
      // A payment that was pushed in time and presented too late is the only one that can be lost, and it is reported.
      #expect(lost == 0 || flow.way == .push, "\(note)")
      try await purchase.expectAgreement(lost: lost, note)
      if !purchase.node.hasJumped { return }
    }
    Issue.record("more calls than expected")
  }

  @Test(
    "The access key expires at the n-th call to the node: what was delivered is paid, and nothing else",
    arguments: ChargeFlow.all.filter { $0.has(.accessKey) })
  func keyExpires(_ flow: ChargeFlow) async throws {
    for index in 0..<40 {
      let purchase = try await Purchase(flow)
      purchase.node.jump(seconds: 3_601, afterCall: index)
      let note = "\(flow.testDescription) key expires at \(index)"
      let (isAnswered, lost) = try await purchase.asked(try purchase.client())
      #expect(isAnswered == (purchase.stall.deliveries == 1), "\(note)")
      #expect(lost == 0 || flow.way == .push, "\(note)")
      try await purchase.expectSettled(lost: lost, note)
      try await purchase.expectUsedUp(note)
      if !purchase.node.hasJumped { return }
    }
    Issue.record("more calls than expected")
  }
}

/// A way to the node that lets the chain's clock jump behind one answer.
final class ClockworkNode: RPCTransport {
  private let devnet: Devnet
  private let node: DevnetTransport
  private let state = Mutex<(calls: Int, jumpAfter: Int?, seconds: Int64)>((0, nil, 0))

  init(_ devnet: Devnet) {
    self.devnet = devnet
    node = DevnetTransport(devnet)
  }

  func jump(seconds: Int64, afterCall number: Int) {
    state.withLock { $0 = ($0.calls, $0.calls + number, seconds) }
  }

  var hasJumped: Bool { state.withLock { $0.jumpAfter == nil && $0.seconds > 0 } }

  func send(_ body: [UInt8], timeoutMilliseconds: Int64) async throws(RPCTransportError) -> [UInt8] {
    let answer = try await node.send(body, timeoutMilliseconds: timeoutMilliseconds)
    let seconds: Int64? = state.withLock { state in
      defer { state.calls += 1 }
      guard state.calls == state.jumpAfter else { return nil }
      state.jumpAfter = nil
      return state.seconds
    }
    if let seconds {
      devnet.clock.advance(seconds: seconds)
      devnet.mine()
    }
    return answer
  }
}
