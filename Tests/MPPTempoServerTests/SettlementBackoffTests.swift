import EVM
import MPPCore
import MPPServer
import MPPTempo
import PeerSupport
import Tempo
import TempoDevnet
import Testing

@testable import MPPTempoServer

/// A settlement that keeps failing costs requests, and perhaps gas: it is tried less and less often. A forced close has a deadline.
@Suite("Settlements that fail") struct SettlementBackoffTests {
  private static func failing(_ harness: Harness) -> Int {
    harness.devnet.faults.inject(
      .method("eth_estimateGas"), .rpcError(code: 3, message: "execution reverted"), count: nil)
  }

  private static func harness() async throws -> Harness {
    try await Harness(options: { $0.settlement = SettlementSchedule(units: 1) })
  }

  // MARK: Pauses

  @Test("One failure is chance; then the pause doubles, up to a bound, until something succeeds")
  func pauses() {
    let backoff = ChannelBackoff(pause: 1_000)
    var now = Timestamp(seconds: 1_000)
    var pauses: [Int64] = []
    #expect(backoff.allows(.zero, now: now))
    for _ in 0..<9 {
      backoff.failed(.zero, now: now)
      var pause: Int64 = 0
      while !backoff.allows(.zero, now: now.adding(milliseconds: pause)) { pause += 500 }
      pauses.append(pause)
      now = now.adding(milliseconds: pause)
    }
    #expect(pauses == [0, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 64_000, 64_000])
    backoff.failed(.zero, now: now)
    #expect(!backoff.allows(.zero, now: now))
    #expect(backoff.allows(Hash32(words: 0, 0, 0, 1), now: now))
    backoff.succeeded(.zero)
    #expect(backoff.allows(.zero, now: now))
    backoff.failed(.zero, now: now)
    #expect(backoff.allows(.zero, now: now))
  }

  @Test("A clock that was set back holds nothing up")
  func clock() {
    let backoff = ChannelBackoff(pause: 1_000)
    let now = Timestamp(seconds: 1_000)
    for _ in 0..<2 { backoff.failed(.zero, now: now) }
    #expect(!backoff.allows(.zero, now: now.adding(milliseconds: 1)))
    #expect(backoff.allows(.zero, now: now.adding(milliseconds: -1)))
    let endless = ChannelBackoff(pause: .max)
    for _ in 0..<9 { endless.failed(.zero, now: now) }
    #expect(!endless.allows(.zero, now: now.adding(seconds: 3_600)))
  }

  @Test("A bounded number of channels is remembered, and those whose pause is over make room")
  func capacity() {
    let backoff = ChannelBackoff(pause: 1_000, capacity: 2)
    let now = Timestamp(seconds: 1_000)
    let ids = (1...3 as ClosedRange<UInt64>).map { Hash32(words: 0, 0, 0, $0) }
    for id in ids { for _ in 0..<2 { backoff.failed(id, now: now) } }
    #expect(ids.map { backoff.allows($0, now: now) } == [false, false, true])
    let later = now.adding(seconds: 2)
    for _ in 0..<2 { backoff.failed(ids[2], now: later) }
    #expect(ids.map { backoff.allows($0, now: later) } == [true, true, false])
  }

  // MARK: Channels

  @Test("A settlement that always fails is tried at fewer and fewer sweeps, and again when it can succeed")
  func sweeps() async throws {
    let harness = try await Self.harness()
    let channel = try await harness.opened(deposit: 90_000)
    var rule = Self.failing(harness)
    for _ in 0..<128 {
      await harness.method.settlements.sweep()
      harness.devnet.clock.advance(seconds: 30)
    }
    // At the sweeps 0, 1, 3, 7, 15, 31, 63 and 127.
    #expect(harness.devnet.faults.timesFired(rule) == 8)
    harness.devnet.faults.remove(rule)
    await harness.method.settlements.sweep()
    #expect(harness.count(ChannelReserveABI.settled.topic, channel) == 0)
    harness.devnet.clock.advance(seconds: 64 * 30)
    await harness.method.settlements.sweep()
    #expect(harness.count(ChannelReserveABI.settled.topic, channel) == 1)
    // The next failure is the first again.
    rule = Self.failing(harness)
    try await harness.deliver(try await harness.get(channel.voucher(2_000)))
    await harness.method.settlements.drain()
    harness.devnet.faults.remove(rule)
    await harness.method.settlements.sweep()
    #expect(harness.count(ChannelReserveABI.settled.topic, channel) == 2)
    try await harness.expectAgreement(channel)
  }

  @Test("Charges of a channel whose settlement fails cause no tries")
  func charges() async throws {
    let harness = try await Self.harness()
    let channel = try await harness.opened(deposit: 90_000)
    let other = try await harness.opened(deposit: 90_000)
    await harness.method.settlements.drain()
    let rule = Self.failing(harness)
    for thousands: UInt128 in 2...21 {
      try await harness.deliver(try await harness.get(channel.voucher(thousands * 1_000)))
      await harness.method.settlements.drain()
    }
    #expect(harness.devnet.faults.timesFired(rule) == 2)
    harness.devnet.faults.remove(rule)
    // Each channel for itself.
    try await harness.deliver(try await harness.get(other.voucher(2_000)))
    await harness.method.settlements.drain()
    #expect(harness.devnet.channel(other.id)?.settled.units == 2_000)
  }

  @Test("What the application asks for is tried at once, and its success counts")
  func application() async throws {
    let harness = try await Self.harness()
    let channel = try await harness.opened(deposit: 90_000)
    let rule = Self.failing(harness)
    for _ in 0..<3 { await harness.method.settlements.sweep() }
    await #expect(throws: PaymentProblem.self) { try await harness.method.settle(channelID: channel.id.hex) }
    #expect(harness.devnet.faults.timesFired(rule) == 3)
    harness.devnet.faults.remove(rule)
    #expect(try await harness.method.settle(channelID: channel.id.hex)?.amount.units == 1_000)
    try await harness.deliver(try await harness.get(channel.voucher(2_000)))
    await harness.method.settlements.drain()
    #expect(harness.devnet.channel(channel.id)?.settled.units == 2_000)
  }

  @Test("A forced close is tried at every sweep, however often it and the settlement have failed")
  func forcedClose() async throws {
    let harness = try await Self.harness()
    let channel = try await harness.opened(deposit: 90_000)
    var rule = Self.failing(harness)
    for _ in 0..<5 { await harness.method.settlements.sweep() }
    harness.devnet.faults.remove(rule)
    try await harness.payer.sendDirectly(try ChannelReserveABI.requestCloseCalldata(channel.descriptor))
    rule = Self.failing(harness)
    for tries in 1...9 {
      await harness.method.settlements.sweepForcedCloses()
      #expect(harness.devnet.faults.timesFired(rule) == tries)
    }
    harness.devnet.faults.remove(rule)
    await harness.method.settlements.sweepForcedCloses()
    #expect(try await harness.record(channel).settled.units == 1_000)
    try await harness.expectAgreement(channel)
  }
}
