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

  /// The ledger refuses its n-th write, before or after it was applied, in a channel's life: open, delivery, voucher, top-up,
  /// settlement and close. For every n, until a life has no n-th write.
  @Test(arguments: [FaultStore.Fault.before, .after])
  func everyWriteMayFailOnce(_ fault: FaultStore.Fault) async throws {
    var number = 1
    while try await live(fault, number), number < 60 { number += 1 }
    // Two for each action on the chain, at least, and those of the vouchers and of the delivery.
    #expect((12..<60).contains(number))
  }

  /// - Returns: whether the life had that many writes.
  private func live(_ fault: FaultStore.Fault, _ number: Int) async throws -> Bool {
    let harness = try await Harness(seed: UInt64(number))
    let channel = try await harness.payer.open(deposit: 9_000, payee: harness.payee)
    harness.store.failCommit(number, fault)
    try await repeated { try await harness.post(channel.openPayload(1_000)) }
    try await repeated {
      let outcome = try await harness.get(channel.voucher(1_000))
      if case .proceed(let payment) = outcome { await payment.delivered() }
      return outcome
    }
    try? await harness.server.ledger.flush()
    await HoldKeeper(harness.channels).look()
    try await repeated { try await harness.post(channel.voucher(2_000)) }
    let topUp = try await harness.payer.topUp(channel, 1_000)
    try await repeated { try await harness.post(topUp) }
    for _ in 0..<5 where harness.count(Action.settle.topic, channel) == 0 {
      _ = try? await harness.method.settle(channelID: channel.id.hex)
    }
    try await repeated { try await harness.post(channel.close(2_000)) }
    await harness.method.settlements.sweep()
    for action in Action.allCases {
      #expect(harness.count(action.topic, channel) == 1, "\(action) \(number)")
    }
    let record = try await harness.record(channel)
    #expect(record.settled.units == 1_000 && record.spent.units == 1_000, "\(number)")
    #expect(harness.channels.live.count == 0, "\(number)")
    try await harness.expectAgreement(channel)
    return harness.store.commitCount >= number
  }

  private func repeated(_ body: () async throws -> PaymentOutcome) async throws {
    for _ in 0..<5 {
      let outcome = try await body()
      switch outcome {
      case .management, .proceed: return
      case .challenge, .problem: break
      }
      if Harness.problem(outcome)?.code == .channelClosed { return }
    }
    Issue.record("never done")
  }
}
