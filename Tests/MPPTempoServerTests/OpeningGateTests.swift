import EVM
import HTTPTypes
import MPPCore
import MPPServer
import MPPTempo
import PeerSupport
import Synchronization
import Tempo
import TempoDevnet
import TempoRPC
import Testing

@testable import MPPTempoServer

/// Opens and top-ups that are never included occupy a bounded number of places, for a bounded time.
@Suite struct OpeningGateTests {
  /// Nobody wakes up until it is opened; then nobody sleeps.
  final class Barrier: Sleeper {
    private let state = Mutex<(isOpen: Bool, waiters: [CheckedContinuation<Void, Never>])>((false, []))

    func sleep(milliseconds: Int64) async throws {
      await withCheckedContinuation { continuation in
        let isOpen = state.withLock { state in
          if !state.isOpen { state.waiters.append(continuation) }
          return state.isOpen
        }
        if isOpen { continuation.resume() }
      }
      await Task.yield()
    }

    func open() {
      let waiters = state.withLock { state in
        state.isOpen = true
        defer { state.waiters = [] }
        return state.waiters
      }
      for waiter in waiters { waiter.resume() }
    }
  }

  @Test func opensThatAreNeverIncludedOccupyABoundedNumberOfPlaces() async throws {
    let barrier = Barrier()
    let harness = try await Harness(options: {
      $0.sleeper = barrier
      $0.maximumOpenings = 3
    })
    let served = try await harness.opened(deposit: 9_000)
    harness.devnet.faults.inject(.broadcast, .drop, count: nil)
    var credentials: [String] = []
    for index in 2...5 {
      let payer = Payer(harness.devnet, harness.devnet.accounts[index], seed: UInt64(index))
      let channel = try await payer.open(deposit: 5_000, payee: harness.payee)
      credentials.append(try await harness.credential(channel.openPayload(1_000)))
    }
    let waiting = credentials[..<3].map { credential in
      Task { await harness.send(credential, method: .post) }
    }
    while harness.channels.sendings.count < 3 { await Task.yield() }
    let refused = await harness.send(credentials[3], method: .post)
    #expect(Harness.problem(refused)?.status == 503)
    #expect(refused.response?.headers[.retryAfter] == "5")
    // Everybody else is served.
    try await harness.deliver(try await harness.get(served.voucher(2_000)))
    barrier.open()
    for task in waiting {
      let outcome = await task.value
      #expect(Harness.problem(outcome)?.status == 503, "\(Harness.text(outcome))")
    }
    #expect(harness.channels.sendings.count == 0)
    harness.devnet.faults.clear()
    harness.devnet.clock.advance(seconds: 26 + Int64(ChainIntent.absenceMargin))
    await harness.method.settlements.sweep()
    #expect(try await harness.channels.intents.pending(limit: 9).isEmpty)
  }

  @Test func oneAccountHasItsShareOfThePlaces() async throws {
    let gate = OpeningGate(limit: 10, limitPerPayer: 2)
    let (one, other) = (TempoAddress.dex, TempoAddress.pathUSD)
    try await gate.run(one) {
      try await gate.run(one) {
        await #expect(throws: PaymentProblem.self) { try await gate.run(one) {} }
        try await gate.run(other) { #expect(gate.count == 3) }
      }
      try await gate.run(one) { #expect(gate.count == 2) }
    }
    #expect(gate.count == 0)
  }

  /// Opens cost a stranger nothing until they are sent: however many are looked at, payers are served.
  @Test func strangersKeepNobodyFromToppingUpOrFromAnOpenThatIsOnItsWay() async throws {
    let harness = try await Harness(options: { $0.maximumOpenings = 1 })
    let channel = try await harness.opened(deposit: 9_000)
    let landed = try await harness.payer.open(deposit: 9_000, payee: harness.payee)
    harness.devnet.faults.inject(.broadcast, .hideReceipt(polls: 1_000))
    #expect(Harness.problem(try await harness.post(landed.openPayload(1_000)))?.status == 503)
    harness.devnet.faults.clear()
    let topUp = try await harness.payer.topUp(channel, 1_000)
    let other = try await harness.payer.open(deposit: 9_000, payee: harness.payee)
    try await harness.channels.openings.run(TempoAddress.dex) {
      #expect(Harness.problem(try await harness.post(other.openPayload(1_000)))?.status == 503)
      #expect(try await harness.post(topUp).response?.status == 204)
      _ = try Harness.receipt(try await harness.post(landed.openPayload(1_000)))
    }
    try await harness.expectAgreement(channel)
    try await harness.expectAgreement(landed)
  }

  /// The end of a transaction says nothing about one that was sent in time.
  @Test func aFinishedOpenIsFoundAfterItsEnd() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 9_000)
    harness.devnet.clock.advance(seconds: 200)
    _ = try Harness.receipt(try await harness.post(channel.openPayload(1_000)))
    // So is one that the client has sent itself, of which we have no record.
    let own = try await harness.payer.open(deposit: 9_000, payee: harness.payee)
    _ = try await harness.payer.planner.client.sendRawTransactionSync(own.transaction.serialized)
    harness.devnet.clock.advance(seconds: 200)
    _ = try Harness.receipt(try await harness.post(own.openPayload(1_000)))
    try await harness.expectAgreement(own)
  }

  @Test func aTopUpThatCannotBeIncludedIsNotSent() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 9_000)
    let payload = try await harness.payer.topUp(channel, 1_000)
    harness.devnet.clock.advance(seconds: 60)
    let count = harness.devnet.requestCount("eth_sendRawTransaction")
    expectRefusal(
      try await harness.post(payload), .verificationFailed,
      "Payment verification failed: TIP-1034 topUp transaction has expired.")
    #expect(harness.devnet.requestCount("eth_sendRawTransaction") == count)
  }
}
