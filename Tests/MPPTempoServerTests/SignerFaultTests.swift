import EVM
import MPPCore
import MPPServer
import MPPTempo
import MPPTesting
import PeerSupport
import Tempo
import TempoDevnet
import Testing

@testable import MPPTempoServer

/// The signer of the payee or of the sponsor fails once, at each of its signatures in turn, and the store at each write: what was not
/// signed has not happened, and the repetition does it once.
@Suite("Sessions: fail the n-th signature of the server, and the n-th write of a sponsored action")
struct SignerFaultTests {
  enum Action: String, CaseIterable, Sendable {
    case settle, close, sponsoredOpen, sponsoredTopUp, hostedOpen, hostedTopUp

    /// Those that we sign.
    static let signed: [Action] = [.settle, .close, .sponsoredOpen, .sponsoredTopUp]
    var isSponsored: Bool { self == .sponsoredOpen || self == .sponsoredTopUp }
    var isHosted: Bool { self == .hostedOpen || self == .hostedTopUp }

    var topic: Hash32 {
      switch self {
      case .settle: ChannelReserveABI.settled.topic
      case .close: ChannelReserveABI.channelClosed.topic
      case .sponsoredOpen, .hostedOpen: ChannelReserveABI.channelOpened.topic
      case .sponsoredTopUp, .hostedTopUp: ChannelReserveABI.topUpEvent.topic
      }
    }
  }

  private struct Scene {
    let action: Action
    let signer: ScriptedSigner
    let harness: Harness
    let channel: OpenChannel
    /// What the client repeats; nil for what the server does by itself.
    let payload: SessionPayload?

    init(_ action: Action, seed: Int) async throws {
      self.action = action
      let devnet = try Harness.chain()
      let isSponsored = action.isSponsored
      let signer = ScriptedSigner((isSponsored ? devnet.sponsor : devnet.accounts[1]).privateKey)
      self.signer = signer
      harness = try await Harness(
        devnet: devnet, seed: UInt64(seed),
        options: { options in
          if isSponsored {
            options.feePayer = FeePayerOptions(signer: signer)
          } else if action.isHosted {
            options.feePayer = FeePayerOptions(
              host: HostWire(devnet).host(sponsor: devnet.sponsor.address))
          } else {
            options.signer = signer
          }
        })
      switch action {
      case .settle:
        channel = try await harness.opened(deposit: 9_000)
        payload = nil
      case .close:
        channel = try await harness.opened(deposit: 9_000)
        payload = try channel.close(1_000)
      case .sponsoredOpen, .hostedOpen:
        channel = try await harness.payer.sponsoredOpen(deposit: 90_000, payee: harness.payee)
        payload = try channel.openPayload(1_000)
      case .sponsoredTopUp, .hostedTopUp:
        channel = try await harness.opened(deposit: 9_000)
        payload = try await harness.payer.sponsoredTopUp(channel, 1_000)
      }
      try await harness.server.ledger.flush()
    }

    /// Repeats the action until it is done, as its client or the schedule would, and looks at what there is.
    func finish(_ note: String) async throws {
      for _ in 0..<6 {
        if let payload {
          // A price may be held for a credential of an open: management, not content.
          if case .management = try await harness.post(payload) { break }
        } else if (try? await harness.method.settle(channelID: channel.id.hex)) != nil {
          break
        }
        harness.devnet.clock.advance(seconds: 1)
      }
    }

    func expectDone(_ note: String) async throws {
      await harness.method.settlements.sweep()
      #expect(harness.count(action.topic, channel) == 1, "\(note)")
      try await harness.expectAgreement(channel)
      let table = try harness.server.ledger.table(SponsorBudget.self)
      let key = SponsorBudget.key(chainID: harness.devnet.chainID, sponsor: harness.devnet.sponsor.address)
      let reservations = try await table.load(key)?.reservations ?? []
      // One whose end could not be written is free when its transaction has expired.
      harness.devnet.clock.advance(seconds: 31)
      #expect(reservations.allSatisfy { $0.expires <= harness.devnet.clock.now }, "\(note)")
    }
  }

  @Test("Every signature may fail once", arguments: Action.signed)
  func failNthSignature(_ action: Action) async throws {
    for number in 0..<8 {
      let scene = try await Scene(action, seed: number + 1)
      let first = scene.signer.count
      scene.signer.fail([number])
      let note = "\(action) signature \(number)"
      try await scene.finish(note)
      let fired = scene.signer.count > first + number
      try await scene.expectDone(note)
      if !fired { return }
    }
    Issue.record("more signatures than expected")
  }

  @Test(
    "Every write may fail once, with or without effect", arguments: Action.allCases,
    [FaultStore.Fault.before, .after])
  func failNthWrite(_ action: Action, _ fault: FaultStore.Fault) async throws {
    for number in 1...40 {
      let scene = try await Scene(action, seed: number)
      let store = scene.harness.store
      let first = store.commitCount
      store.failCommit(first + number, fault)
      let note = "\(action) write \(number) \(fault)"
      try await scene.finish(note)
      let fired = store.commitCount >= first + number
      try await scene.expectDone(note)
      if !fired { return }
    }
    Issue.record("more writes than expected")
  }
}
