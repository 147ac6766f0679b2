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
  static let paths = ["/paid", "/push", "/proof", "/sponsored"]

  /// One client that wants one answer, and does not give up.
  struct Purchase {
    let stall: ChargeStall
    let path: String
    let journal = TestJournal()
    let key: CountingKey
    let node: ClockworkNode

    init(_ path: String) async throws {
      self.path = path
      let devnet = try Devnet()
      let node = ClockworkNode(devnet)
      self.node = node
      key = CountingKey(devnet.accounts[1].privateKey)
      stall = try await ChargeStall(
        devnet, offers: path == "/sponsored" ? ["/sponsored": []] : [:], transport: node
      ) { options in
        if path == "/sponsored" { options.feePayer = FeePayerOptions(signer: devnet.sponsor.signer) }
        options.pushDeadline = 1_000
      }
    }

    func client(_ journal: TestJournal? = nil) throws -> PaymentClient {
      try stall.client(as: .signer(key), journal: journal ?? self.journal)
    }

    /// Asks until it is answered.
    /// - Returns: payments that the client itself reports as made and refused.
    func answered(_ client: PaymentClient, attempts: Int = 14) async throws -> Int {
      var lost = 0
      for _ in 0..<attempts {
        do {
          let response = try await client.execute(stall.get(path))
          if response.status == .ok { return lost }
        } catch let error as PaymentClientError {
          if error.code == .paymentRefused, error.exposure.authorized > .zero { lost += 1 }
        }
        stall.devnet.clock.advance(seconds: 5)
      }
      throw TestFailure("never answered")
    }

    /// - Parameter lost: payments the client has reported as lost.
    func expectAgreement(lost: Int, _ note: String) async throws {
      stall.devnet.faults.clear()
      try await stall.sweep()
      let isFree = path == "/proof"
      #expect(stall.payments.count == (isFree ? 0 : stall.deliveries + lost), "\(note)")
      #expect(stall.earned == UInt128(stall.payments.count) * ChargeStall.price, "\(note)")
      let intents = try LedgerIntentStore(stall.server.ledger)
      #expect(try await intents.pending(limit: 9).isEmpty, "\(note)")
      #expect(stall.devnet.audit() == [], "\(note)")
      // What the journal still calls unfinished is presented again by the next process, and never paid twice.
      let next = try client(TestJournal(copying: journal))
      let more = try await answered(next)
      // A delivery whose end did not reach the journal is reported as a payment that the server refuses.
      let bought = isFree ? 0 : stall.deliveries + lost
      #expect((bought...bought + more).contains(stall.payments.count), "\(note), restarted")
    }
  }

  static let faults: [(String, FaultAction)] = [
    ("refuse", .refuse), ("loseReply", .loseReply), ("garbage", .garbage),
    ("unavailable", .http(status: 503)),
    ("error", .rpcError(code: -32603, message: "internal error")),
  ]

  @Test("Every call to the node, of the client or the server, may fail once", arguments: paths, 0..<5)
  func failNthCall(_ path: String, _ number: Int) async throws {
    let (name, action) = Self.faults[number]
    for index in 0..<40 {
      let purchase = try await Purchase(path)
      let rule = purchase.stall.devnet.faults.inject(.method("eth_*"), action, skip: index)
      let note = "\(path) \(name) at \(index)"
      let lost = try await purchase.answered(try purchase.client())
      let fired = purchase.stall.devnet.faults.timesFired(rule) > 0
      try await purchase.expectAgreement(lost: lost, note)
      #expect(lost == 0, "\(note)")
      if !fired { return }
    }
    Issue.record("more calls than expected")
  }

  @Test("Every write to the client's journal may fail once", arguments: paths)
  func failNthJournalWrite(_ path: String) async throws {
    for index in 0..<40 {
      let purchase = try await Purchase(path)
      let client = try purchase.client()
      let first = purchase.journal.writes
      purchase.journal.fail([index])
      let note = "\(path) journal \(index)"
      let lost = try await purchase.answered(client)
      #expect(lost == 0, "\(note)")
      let fired = purchase.journal.writes > first + index
      purchase.journal.fail([])
      try await purchase.expectAgreement(lost: lost, note)
      if !fired { return }
    }
    Issue.record("more writes than expected")
  }

  @Test("Every signature may fail once: nothing is journalled, sent or counted for it", arguments: paths)
  func failNthSignature(_ path: String) async throws {
    for index in 0..<3 {
      let purchase = try await Purchase(path)
      purchase.key.fail(index)
      let client = try purchase.client()
      let note = "\(path) signature \(index)"
      if index == 0 {
        let error = await #expect(throws: PaymentClientError.self) {
          try await client.execute(purchase.stall.get(path))
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
    "Every write of the server may fail once, with or without effect", arguments: paths,
    [FaultStore.Fault.before, .after])
  func failNthServerWrite(_ path: String, _ fault: FaultStore.Fault) async throws {
    for number in 1...40 {
      let purchase = try await Purchase(path)
      let first = purchase.stall.store.commitCount
      purchase.stall.store.failCommit(first + number, fault)
      if path == "/proof" { purchase.stall.store.failClaim(number, fault) }
      let note = "\(path) store \(fault) \(number)"
      let lost = try await purchase.answered(try purchase.client())
      #expect(lost == 0, "\(note)")
      let (store, isProof) = (purchase.stall.store, path == "/proof")
      let fired = isProof ? store.claimCount >= number : store.commitCount >= first + number
      try await purchase.expectAgreement(lost: lost, note)
      if !fired { return }
    }
    Issue.record("more writes than expected")
  }

  @Test("The answer, or the request, is lost once: the same payment is presented again", arguments: paths)
  func loseOnce(_ path: String) async throws {
    for losesRequest in [true, false] {
      let purchase = try await Purchase(path)
      if losesRequest {
        purchase.stall.loseNextPaidRequest()
      } else {
        purchase.stall.loseNextPaidAnswer()
      }
      let lost = try await purchase.answered(try purchase.client())
      #expect(lost == 0)
      try await purchase.expectAgreement(lost: lost, "\(path) \(losesRequest)")
    }
  }

  @Test("The clock passes every expiry at the n-th call to the node", arguments: paths)
  func clockPastExpiry(_ path: String) async throws {
    for index in 0..<40 {
      let purchase = try await Purchase(path)
      purchase.node.jump(seconds: 301, afterCall: index)
      let note = "\(path) clock at \(index)"
      let lost = try await purchase.answered(try purchase.client())
      // A payment that was pushed in time and presented too late is the only one that can be lost, and it is reported.
      #expect(lost == 0 || path == "/push", "\(note)")
      try await purchase.expectAgreement(lost: lost, note)
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
