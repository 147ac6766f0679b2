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

/// The server dies at every request to its node in turn, before it has left or when it was executed, and is started again. The sweeps
/// of the next one bring chain, ledger and journal together, whether the payer repeats what it asked for or not; nothing happens
/// twice.
@Suite("Channels: the server dies at the n-th call to its node") struct ChannelDeathTests {
  private typealias Action = FaultTests.Action

  private struct Scene {
    let channel: OpenChannel
    let credential: String?
    let next: Harness

    func act() async throws {
      guard let credential else {
        _ = try await next.method.settle(channelID: channel.id.hex)
        return
      }
      _ = await next.send(credential, method: .post)
    }
  }

  /// - Returns: what the dead server has left; nil when the action makes fewer requests.
  private func dead(_ action: FaultTests.Action, at index: Int, isAnswered: Bool) async throws -> Scene? {
    let devnet = try Harness.chain()
    let node = MortalNode(devnet)
    let store = FaultStore(MemoryStore())
    let first = try await Harness(
      devnet: devnet, store: store, seed: UInt64(index + 1), options: { $0.transport = node })
    let channel =
      action == .open
      ? try await first.payer.open(deposit: 9_000, payee: first.payee)
      : try await first.opened(deposit: 9_000)
    let payload: SessionPayload? =
      switch action {
      case .open: try channel.openPayload(1_000)
      case .topUp: try await first.payer.topUp(channel, 1_000)
      case .settle: nil
      case .close: try channel.close(1_000)
      }
    var credential: String?
    if let payload { credential = try await first.credential(payload) }
    node.die(at: index, isAnswered: isAnswered, store)
    if let credential {
      _ = await first.send(credential, method: .post)
    } else {
      _ = try? await first.method.settle(channelID: channel.id.hex)
    }
    guard node.isDead else { return nil }
    let next = try await Harness(devnet: devnet, store: store.base, seed: 99)
    return Scene(channel: channel, credential: credential, next: next)
  }

  private func expectAgreement(_ scene: Scene, _ note: String) async throws {
    let next = scene.next
    #expect(try await next.channels.intents.pending(limit: 9).isEmpty, "\(note)")
    guard let record = try await next.channels.load(scene.channel.id) else {
      return #expect(next.devnet.channel(scene.channel.id) == nil, "\(note)")
    }
    #expect(record.phase == (next.devnet.channel(scene.channel.id) == nil ? .finalized : .open), "\(note)")
    try await next.expectAgreement(scene.channel)
  }

  @Test("The payer repeats what it asked for", arguments: FaultTests.Action.allCases, [false, true])
  func repeated(_ action: FaultTests.Action, isAnswered: Bool) async throws {
    for index in 0..<40 {
      guard let scene = try await dead(action, at: index, isAnswered: isAnswered) else {
        return #expect(index > 0)
      }
      let note = "\(action) \(isAnswered) dies at \(index)"
      try await scene.act()
      await scene.next.method.settlements.sweep()
      #expect(scene.next.count(action.topic, scene.channel) == 1, "\(note)")
      try await expectAgreement(scene, note)
    }
    Issue.record("more calls than expected")
  }

  @Test("Nobody asks again", arguments: FaultTests.Action.allCases, [false, true])
  func forgotten(_ action: FaultTests.Action, isAnswered: Bool) async throws {
    for index in 0..<40 {
      guard let scene = try await dead(action, at: index, isAnswered: isAnswered) else {
        return #expect(index > 0)
      }
      let note = "\(action) \(isAnswered) dies at \(index)"
      scene.next.devnet.clock.advance(seconds: 90)
      scene.next.devnet.mine()
      for _ in 0..<2 { await scene.next.method.settlements.sweep() }
      #expect(scene.next.count(action.topic, scene.channel) <= 1, "\(note)")
      try await expectAgreement(scene, note)
    }
    Issue.record("more calls than expected")
  }
}
