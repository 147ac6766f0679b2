import EVM
import MPPCore
import MPPServer
import MPPTempo
import PeerSupport
import Synchronization
import Tempo
import TempoDevnet
import Testing

@testable import MPPTempoServer

/// What the last run left behind may take long; a payer who has asked for its deposit waits a quarter of an hour, and no longer.
@Suite("Forced closes while the server starts", .timeLimit(.minutes(1))) struct ServerStartTests {
  /// Ends with the time limit of the test.
  private func until(_ condition: () async throws -> Bool) async throws {
    while try await !condition() {
      try Task.checkCancellation()
      await Task.yield()
    }
  }

  @Test("Chain actions that cannot be decided delay no forced close")
  func actionsOfTheLastRun() async throws {
    let devnet = try Harness.chain()
    let store = MemoryStoreForRestart()
    let first = try await Harness(devnet: devnet, store: store.open())
    let victim = try await first.opened(deposit: 9_000)
    var slow: [OpenChannel] = []
    for _ in 0..<10 { slow.append(try await first.opened(deposit: 9_000)) }
    first.sleeper.isFrozen.withLock { $0 = true }
    devnet.faults.inject(.broadcast, .drop, count: nil)
    for channel in slow {
      await #expect(throws: PaymentProblem.self) { try await first.method.settle(channelID: channel.id.hex) }
    }
    devnet.faults.clear()
    try await first.server.ledger.flush()
    try await first.payer.sendDirectly(try ChannelReserveABI.requestCloseCalldata(victim.descriptor))

    let node = StallingNode(devnet)
    defer { node.release() }
    let second = try await Harness(
      devnet: devnet, store: store.open(), seed: 2, options: { $0.transport = node })
    second.sleeper.isFrozen.withLock { $0 = true }
    let pending = try await second.channels.intents.pending(limit: 99)
    #expect(pending.count == slow.count)
    node.stall(pending.map(\.hash.hex))
    let run = Task { try await second.server.run() }
    try await until { node.waiting > 0 }
    try await until { try await second.record(victim).settled.units == 1_000 }
    #expect(node.waiting > 0)
    node.release()
    run.cancel()
    try await run.value
  }

  @Test("Ends that cannot be explained take no place of forced closes")
  func explanations() async throws {
    let devnet = try Harness.chain()
    let node = StallingNode(devnet)
    defer { node.release() }
    let harness = try await Harness(
      devnet: devnet,
      options: {
        $0.transport = node
        $0.sweepInterval = 1
      })
    let victim = try await harness.opened(deposit: 9_000)
    // More than forced closes are answered at once.
    for _ in 0..<66 {
      let channel = try await harness.opened(deposit: 9_000)
      try await ChannelEndTests.end(channel, harness, capture: 1_000)
    }
    harness.sleeper.isFrozen.withLock { $0 = true }
    node.stall(["eth_getLogs"])
    let watch = Task { await harness.method.settlements.watchForcedCloses() }
    try await until { node.waiting == 4 }
    try await harness.payer.sendDirectly(try ChannelReserveABI.requestCloseCalldata(victim.descriptor))
    try await until { try await harness.record(victim).settled.units == 1_000 }
    node.release()
    watch.cancel()
    await watch.value
  }
}
