import EVM
import HTTPTypes
import MPPCore
import MPPServer
import MPPTempo
import MPPTesting
import PeerSupport
import Tempo
import TempoDevnet
import Testing

@testable import MPPTempoServer

/// The node fails once, at every call of every action in turn, in every way it can. After the client's
/// repetition and a sweep the chain, the ledger and the journal agree, and nothing happened twice.
@Suite struct FaultTests {
  enum Fault: String, CaseIterable, Sendable {
    case refuse, loseReply, garbage, error, unavailable, rateLimit, drop, hideReceipt

    var action: FaultAction {
      switch self {
      case .refuse: .refuse
      case .loseReply: .loseReply
      case .garbage: .garbage
      case .error: .rpcError(code: -32603, message: "internal error")
      case .unavailable: .http(status: 503)
      case .rateLimit: .http(status: 429)
      case .drop: .drop
      case .hideReceipt: .hideReceipt(polls: 3)
      }
    }
  }

  enum Action: String, CaseIterable, Sendable {
    case open, topUp, settle, close

    var topic: Hash32 {
      switch self {
      case .open: ChannelReserveABI.channelOpened.topic
      case .topUp: ChannelReserveABI.topUpEvent.topic
      case .settle: ChannelReserveABI.settled.topic
      case .close: ChannelReserveABI.channelClosed.topic
      }
    }
  }

  /// Runs the action once with the fault at call `index`; false when the action makes fewer calls.
  func run(_ action: Action, _ fault: Fault, at index: Int) async throws -> Bool {
    let harness = try await Harness(seed: UInt64(index + 1))
    let channel: OpenChannel
    let payload: SessionPayload?
    switch action {
    case .open:
      channel = try await harness.payer.open(deposit: 9_000, payee: harness.payee)
      payload = try channel.openPayload(1_000)
    case .topUp:
      channel = try await harness.opened(deposit: 9_000)
      payload = try await harness.payer.topUp(channel, 1_000)
    case .settle:
      channel = try await harness.opened(deposit: 9_000)
      payload = nil
    case .close:
      channel = try await harness.opened(deposit: 9_000)
      payload = try channel.close(1_000)
    }
    let rule = harness.devnet.faults.inject(
      fault == .drop || fault == .hideReceipt ? .broadcast : .method("eth_*"), fault.action, skip: index)
    let credential: String?
    if let payload { credential = try await harness.credential(payload) } else { credential = nil }
    for _ in 0..<6 {
      if let credential {
        let outcome = await harness.send(credential, method: .post)
        if case .management = outcome { break }
      } else if (try? await harness.method.settle(channelID: channel.id.hex)) != nil {
        break
      }
      harness.devnet.clock.advance(seconds: 1)
    }
    let fired = harness.devnet.faults.timesFired(rule) > 0
    harness.devnet.faults.clear()
    await harness.method.settlements.sweep()
    let done = harness.count(action.topic, channel)
    #expect(done == 1, "\(action) \(fault) at \(index)")
    try await harness.expectAgreement(channel)
    return fired
  }

  @Test(arguments: Action.allCases, Fault.allCases)
  func everyCallMayFailOnce(_ action: Action, _ fault: Fault) async throws {
    var index = 0
    while try await run(action, fault, at: index) {
      index += 1
      if index > 20 { break }
    }
    #expect(index > 0)
    #expect(index <= 20)
  }

  /// The ledger refuses its n-th write, before or after it was applied, while a channel is opened and closed.
  @Test(arguments: [FaultStore.Fault.before, .after])
  func everyWriteMayFailOnce(_ fault: FaultStore.Fault) async throws {
    for number in 1...40 {
      let harness = try await Harness(seed: UInt64(number))
      let channel = try await harness.payer.open(deposit: 9_000, payee: harness.payee)
      harness.store.failCommit(number, fault)
      try await repeated { try await harness.post(channel.openPayload(1_000)) }
      try await repeated { try await harness.post(channel.voucher(2_000)) }
      try await repeated { try await harness.post(channel.close(2_000)) }
      let fired = harness.store.commitCount >= number
      await harness.method.settlements.sweep()
      #expect(harness.count(ChannelReserveABI.channelOpened.topic, channel) == 1, "\(number)")
      #expect(harness.count(ChannelReserveABI.channelClosed.topic, channel) == 1, "\(number)")
      try await harness.expectAgreement(channel)
      if !fired { return }
    }
    Issue.record("more writes than expected")
  }

  private func repeated(_ body: () async throws -> PaymentOutcome) async throws {
    for _ in 0..<5 {
      let outcome = try await body()
      if case .management = outcome { return }
      if Harness.problem(outcome)?.code == .channelClosed { return }
    }
    Issue.record("never done")
  }
}
