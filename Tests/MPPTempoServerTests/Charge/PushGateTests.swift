import EVM
import MPPCore
import MPPServer
import MPPTempo
import MPPTesting
import PeerSupport
import Synchronization
import Tempo
import TempoDevnet
import TempoRPC
import Testing

@testable import MPPTempoServer

/// A challenge is free, and so is a hash that nobody has sent: neither fills the ledger nor keeps others from the node (D14).
@Suite("Pushed charges: what strangers may cost")
struct PushGateTests {
  private static func hash(_ number: Int) throws -> Hash32 {
    try Hash32([UInt8](repeating: 7, count: 24) + withUnsafeBytes(of: number.bigEndian) { Array($0) })
  }

  @Test(
    "Thousands of hashes that no node knows leave a few rows behind, and an honest payment among them is taken"
  )
  func flood() async throws {
    let harness = try await ChargeHarness()
    harness.sleeper.isFrozen.withLock { $0 = true }
    let free = try await harness.challenge()
    let honest = try await harness.challenge()
    let signed = try await harness.signed(honest)
    let claims = harness.store.claimCount
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<2_000 {
        let credential = harness.credential(free, .hash(try Self.hash(number)))
        group.addTask {
          let status = Harness.problem(await harness.send(credential))?.status
          #expect(status == 402 || status == 503)
        }
      }
      group.addTask {
        try await harness.deliver(
          await harness.send(harness.credential(honest, .transaction(signed.serialized))))
      }
      try await group.waitForAll()
    }
    #expect(harness.store.claimCount - claims <= PushGate.rememberedPerChallenge)
  }

  @Test("A presentation that we did not ask the node about is not remembered")
  func overloaded() async throws {
    let harness = try await ChargeHarness()
    harness.sleeper.isFrozen.withLock { $0 = true }
    let claims = harness.store.claimCount
    let pushes = harness.method.service.pushes
    let challenge = try await harness.challenge()
    for _ in 0..<PushGate.waits { #expect(pushes.beginWait()) }
    ChargeUnresolvedTests.expectUnresolved(
      await harness.send(harness.credential(challenge, .hash(try Self.hash(1)))))
    #expect(harness.store.claimCount == claims)
    for _ in 0..<PushGate.waits { pushes.endWait() }
    // What is on the chain needs no place to wait.
    #expect(
      Harness.problem(await harness.send(harness.credential(challenge, .hash(try Self.hash(1)))))?.status
        == 402)
    #expect(harness.store.claimCount == claims + 1)
  }

  @Test(
    "What is remembered is bounded in all and by challenge; the unknown leave room for the known, and go after minutes"
  )
  func bounds() throws {
    let gate = PushGate()
    let now = Timestamp(milliseconds: 1_000_000)
    func presentation(_ number: Int, _ challenge: String, isKnown: Bool) throws -> PushPresentation {
      PushPresentation(
        key: ReplayKey(space: "pushed", id: try Self.hash(number).bytes), challengeID: challenge,
        isKnown: isKnown, presented: now, until: now.adding(seconds: 900))
    }
    func admitted(_ numbers: Range<Int>, isKnown: Bool, at time: Timestamp) throws -> Int {
      try numbers.count { gate.admits(try presentation($0, "c\($0 / 2)", isKnown: isKnown), now: time) }
    }
    #expect(try admitted(0..<3_000, isKnown: false, at: now) == PushGate.remembered / 2)
    #expect(try admitted(3_000..<6_000, isKnown: true, at: now) == PushGate.remembered / 2)
    // One that is remembered may come again.
    #expect(gate.admits(try presentation(0, "c0", isKnown: false), now: now))
    let later = now.adding(seconds: 901)
    #expect(try admitted(6_000..<6_010, isKnown: false, at: later) == 10)
    let own = try (7_000..<7_100).count {
      gate.admits(try presentation($0, "one", isKnown: false), now: later)
    }
    #expect(own == PushGate.rememberedPerChallenge)
  }

  @Test("A hash that no node knows is remembered for minutes, one that a node has for a day")
  func unknownEndsSoon() async throws {
    let harness = try await ChargeHarness()
    let challenge = try await harness.challenge()
    let credential = harness.credential(challenge, .hash(try Self.hash(1)))
    #expect(Harness.problem(await harness.send(credential))?.code == .verificationFailed)
    harness.devnet.clock.advance(seconds: 600)
    #expect(Harness.problem(await harness.send(credential))?.code == .verificationFailed)
    harness.devnet.clock.advance(seconds: 601)
    #expect(Harness.problem(await harness.send(credential))?.code == .paymentExpired)
  }
}
