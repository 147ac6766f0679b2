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
import TempoRPC
import Testing

@testable import MPPTempoServer

/// Peers that cut connections, name channels that are not theirs, or take their time.
@Suite struct HostilePeerTests {
  /// A close that is cut off between its lease and its journal entry: the channel goes on, and the watcher still
  /// answers a forced close.
  @Test func aCancelledCloseStopsNeitherVouchersNorTheForcedClose() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened()
    let underWay = try await harness.get(channel.voucher(2_000))
    harness.sleeper.isFrozen.withLock { $0 = true }
    let closing = Task { try await harness.post(channel.close(2_000)) }
    while try await harness.record(channel).closing == nil { await Task.yield() }
    closing.cancel()
    _ = try await closing.value
    harness.sleeper.isFrozen.withLock { $0 = false }
    #expect(try await harness.channels.pendingClose(channel.id) == nil)
    try await harness.deliver(underWay)
    try await harness.deliver(try await harness.get(channel.voucher(3_000)))
    try await harness.payer.sendDirectly(ChannelReserveABI.requestCloseCalldata(channel.descriptor))
    await harness.method.settlements.sweep()
    #expect(try await harness.record(channel).settled == Amount(units: 3_000))
    try await harness.expectAgreement(channel)
  }

  private func calls(_ harness: Harness) -> Int {
    ["eth_call", "eth_blockNumber", "eth_getBlockByNumber", "eth_getTransactionReceipt"]
      .reduce(0) { $0 + harness.devnet.requestCount($1) }
  }

  @Test func aStrangersCloseCausesNoChainCall() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened()
    let forged = try channel.signature(1_000, by: harness.devnet.accounts[2].privateKey)
    let credential = try await harness.credential(
      channel.close(1_000) { $0.signature = forged })
    let before = calls(harness)
    let outcome = await harness.send(credential, method: .post)
    expectRefusal(outcome, .invalidSignature, "Invalid signature: invalid voucher signature.")
    #expect(calls(harness) == before)
  }

  @Test func aStrangersVoucherCausesNoChainCall() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened()
    let forged = try channel.signature(2_000, by: harness.devnet.accounts[2].privateKey)
    harness.devnet.clock.advance(seconds: 30)
    let credential = try await harness.credential(
      channel.voucher(2_000) { $0.signature = forged })
    let before = calls(harness)
    let outcome = await harness.send(credential)
    expectRefusal(outcome, .invalidSignature, "Invalid signature: invalid voucher signature.")
    #expect(calls(harness) == before)
  }

  /// One price of headroom and a response that is read for longer than the lease: each response is charged.
  @Test func aSlowReaderPaysForEveryResponse() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened()
    let slow = try await harness.get(channel.voucher(2_000))
    harness.devnet.clock.advance(seconds: 61)
    let second = try await harness.get(channel.voucher(2_000))
    #expect(Harness.problem(second)?.code == .insufficientBalance)
    try await harness.deliver(slow)
    #expect(try await harness.record(channel).spent == Amount(units: 2_000))
  }

  /// The payer sent its own opening, or this ledger was restored from an older copy: the deposit is there and serves.
  @Test func anOpenThatIsOnChainAlreadyIsTaken() async throws {
    let harness = try await Harness()
    let channel = try await harness.payer.open(deposit: 9_000, payee: harness.payee)
    let receipt = try await harness.payer.planner.client.sendRawTransactionSync(
      channel.transaction.serialized)
    #expect(receipt.succeeded)
    try await harness.deliver(try await harness.get(channel.openPayload(1_000)))
    #expect(harness.count(ChannelReserveABI.channelOpened.topic, channel) == 1)
    try await harness.expectAgreement(channel)
  }

  @Test func aClockSetBackMakesNothingFresh() {
    let freshness = ChannelFreshness(ttl: 5_000)
    let id = Hash32.zero
    let now = Timestamp(seconds: 1_000)
    freshness.noteRead(id, now)
    #expect(freshness.reading(id, now.adding(milliseconds: 5_000)) != nil)
    #expect(freshness.reading(id, now.adding(milliseconds: -1)) == nil)
  }
}
