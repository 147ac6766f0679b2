import EVM
import MPPCore
import MPPServer
import MPPTempo
import PeerSupport
import Tempo
import TempoDevnet
import TempoRPC
import Testing

@testable import MPPTempoServer

/// Somebody else with the payee's key closes a channel: what it captured is not lost, whoever sees first that the channel is gone.
@Suite("Channels that others have closed") struct ChannelEndTests {
  static func end(_ channel: OpenChannel, _ harness: Harness, capture: UInt128) async throws {
    let payee = Payer(harness.devnet, harness.devnet.accounts[1], seed: UInt64(capture))
    try await payee.sendDirectly(
      try ChannelReserveABI.closeCalldata(
        channel.descriptor, cumulativeAmount: capture, captureAmount: capture,
        signature: try channel.signature(capture)))
  }

  private static func expectLoss(
    _ harness: Harness, _ channel: OpenChannel, loss: UInt128, settled: UInt128,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let record = try await harness.record(channel)
    #expect(record.finalized, sourceLocation: sourceLocation)
    #expect(record.loss.units == loss, sourceLocation: sourceLocation)
    #expect(record.settled.units == settled, sourceLocation: sourceLocation)
  }

  @Test("An end that could not be explained is explained later")
  func again() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 9_000)
    try await Self.end(channel, harness, capture: 3_000)
    let rule = harness.devnet.faults.inject(.method("eth_getLogs"), .refuse, count: nil)
    await harness.method.settlements.sweep()
    try await Self.expectLoss(harness, channel, loss: 1_000, settled: 0)
    harness.devnet.faults.remove(rule)
    await harness.method.settlements.sweep()
    try await Self.expectLoss(harness, channel, loss: 0, settled: 3_000)
    let asked = harness.devnet.requestCount("eth_getLogs")
    await harness.method.settlements.sweep()
    #expect(harness.devnet.requestCount("eth_getLogs") == asked)
  }

  @Test("An end that stays unexplained is looked at less and less often")
  func backoff() async throws {
    let harness = try await Harness(options: { $0.limits.attempts = 1 })
    let channel = try await harness.opened(deposit: 9_000)
    try await Self.end(channel, harness, capture: 3_000)
    let rule = harness.devnet.faults.inject(.method("eth_getLogs"), .refuse, count: nil)
    for _ in 0..<64 {
      await harness.method.settlements.sweep()
      harness.devnet.clock.advance(seconds: 30)
    }
    #expect(harness.devnet.faults.timesFired(rule) == 7)
  }

  @Test("An end that a request has found is explained by the next sweep")
  func request() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 9_000)
    try await Self.end(channel, harness, capture: 3_000)
    harness.devnet.clock.advance(seconds: 6)
    #expect(Harness.problem(try await harness.get(channel.voucher(2_000)))?.status == 410)
    try await Self.expectLoss(harness, channel, loss: 1_000, settled: 0)
    await harness.method.settlements.sweep()
    try await Self.expectLoss(harness, channel, loss: 0, settled: 3_000)
  }

  @Test("A node that answers shorter stretches only explains it all the same")
  func stretches() async throws {
    let harness = try await Harness(options: { $0.limits.attempts = 1 })
    let channel = try await harness.opened(deposit: 9_000)
    try await Self.end(channel, harness, capture: 3_000)
    harness.devnet.faults.inject(
      .method("eth_getLogs"), .rpcError(code: -32000, message: "block range too wide"))
    await harness.method.settlements.sweep()
    try await Self.expectLoss(harness, channel, loss: 0, settled: 3_000)
  }

  @Test("A payer who has withdrawn has taken what was owed: the chain's logs are asked once")
  func withdrawn() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 9_000)
    try await harness.payer.sendDirectly(try ChannelReserveABI.requestCloseCalldata(channel.descriptor))
    harness.devnet.clock.advance(seconds: 901)
    try await harness.payer.sendDirectly(try ChannelReserveABI.withdrawCalldata(channel.descriptor))
    for _ in 0..<3 { await harness.method.settlements.sweep() }
    try await Self.expectLoss(harness, channel, loss: 1_000, settled: 0)
    #expect(harness.devnet.requestCount("eth_getLogs") == 1)
  }
}
