import EVM
import HTTPTypes
import MPPCore
import MPPServer
import MPPTempo
import MPPTesting
import PeerSupport
import Tempo
import TempoDevnet
import TempoRPC
import Testing

@testable import MPPTempoServer

/// Opens and top-ups whose fee a host pays, through the same core as charges.
@Suite("Sessions with a hosted fee payer (02 §6.5, 04 §18.6)")
struct HostedSessionTests {
  private struct Scene {
    let harness: Harness
    let wire: HostWire
    let host: FeePayerHost

    init(isExpected: Bool = true, seed: UInt64 = 1) async throws {
      let devnet = try Harness.chain()
      let wire = HostWire(devnet)
      let host = wire.host(
        feeTokens: HostLie.allowed, sponsor: isExpected ? devnet.sponsor.address : nil)
      self.wire = wire
      self.host = host
      harness = try await Harness(
        devnet: devnet, seed: seed,
        options: {
          $0.feePayer = FeePayerOptions(host: host)
          $0.feePayer?.limits = .standard(chainID: devnet.chainID)
          $0.feePayer?.limits?.minimumDeposit = Amount(units: 9_000)
        })
    }

    var devnet: Devnet { harness.devnet }

    func open() async throws -> OpenChannel {
      try await harness.payer.sponsoredOpen(deposit: 9_000, payee: harness.payee)
    }

    func reservations() async throws -> [SponsorReservation] {
      try await harness.server.ledger.reservations(host, devnet)
    }

    func balance() -> UInt128 { devnet.units(harness.payer.account.address) }

    /// What the host has paid for the payer's transactions.
    func fees() -> UInt128 {
      devnet.receipts().filter { $0.sender == harness.payer.account.address }.reduce(0) { sum, receipt in
        #expect(receipt.feePayer == devnet.sponsor.address)
        return sum + receipt.fee.units
      }
    }

    /// The client's repetition of one management request.
    func repeated(_ payload: SessionPayload) async throws {
      let credential = try await harness.credential(payload)
      for _ in 0..<6 {
        if case .management = await harness.send(credential, method: .post) { return }
        devnet.clock.advance(seconds: 1)
      }
      Issue.record("never done")
    }
  }

  @Test("F1: open and top-up cost the payer its deposit, and the host the fees")
  func openAndTopUp() async throws {
    let scene = try await Scene()
    let before = scene.balance()
    let challenge = try await scene.harness.challenge()
    #expect(challenge.request.value()["methodDetails"]?["feePayer"]?.boolValue == true)
    let channel = try await scene.open()
    try await scene.harness.deliver(try await scene.harness.get(channel.openPayload(1_000)))
    #expect(scene.balance() == before - 9_000)
    let topUp = try await scene.harness.payer.sponsoredTopUp(channel, 4_000)
    _ = try Harness.receipt(try await scene.harness.post(topUp))
    #expect(scene.balance() == before - 13_000)
    #expect(scene.wire.asked == 2)
    #expect(scene.fees() > 0)
    #expect(scene.devnet.units(scene.devnet.sponsor.address) == before - scene.fees())
    #expect(try await scene.reservations().isEmpty)
    try await scene.harness.expectAgreement(channel)
    #expect(scene.devnet.audit() == [])
  }

  @Test(
    "F2: a host that lies, or refuses, opens no channel and tops none up; the same credential does when it is honest",
    arguments: HostLie.allCases, [true, false])
  func lies(_ lie: HostLie, isExpected: Bool) async throws {
    let scene = try await Scene(isExpected: isExpected)
    let before = scene.balance()
    let channel = try await scene.open()
    lie.tell(scene.devnet)
    expectRefusal(
      try await scene.harness.get(channel.openPayload(1_000)), .verificationFailed, HostedScene.failed)
    #expect(scene.wire.asked == 1)
    #expect(try await scene.devnet.broadcasts() == 0)
    #expect(scene.devnet.channel(channel.id) == nil)
    #expect(scene.balance() == before)
    #expect(try await scene.reservations().isEmpty)
    scene.devnet.sponsorPolicy = DevnetSponsorPolicy()
    try await scene.harness.deliver(try await scene.harness.get(channel.openPayload(1_000)))
    #expect(try await scene.devnet.broadcasts() == 1)

    let topUp = try await scene.harness.payer.sponsoredTopUp(channel, 4_000)
    lie.tell(scene.devnet)
    expectRefusal(try await scene.harness.post(topUp), .verificationFailed, HostedScene.failed)
    #expect(try await scene.devnet.broadcasts() == 1)
    #expect(try await scene.reservations().isEmpty)
    scene.devnet.sponsorPolicy = DevnetSponsorPolicy()
    _ = try Harness.receipt(try await scene.harness.post(topUp))
    #expect(scene.balance() == before - 13_000)
    try await scene.harness.expectAgreement(channel)
  }

  @Test(
    "The host's answer is lost, late or nonsense: a 503, nothing is sent, and the repetition opens once",
    arguments: [0, 1, 2])
  func noAnswer(_ index: Int) async throws {
    let scene = try await Scene()
    let channel = try await scene.open()
    let action: [FaultAction] = [.loseReply, .delay(milliseconds: 60_000), .garbage]
    scene.devnet.faults.inject(.method("eth_fillTransaction"), action[index])
    #expect(Harness.problem(try await scene.harness.post(channel.openPayload(1_000)))?.status == 503)
    #expect(try await scene.devnet.broadcasts() == 0)
    #expect(try await scene.reservations().isEmpty)
    try await scene.repeated(channel.openPayload(1_000))
    #expect(scene.harness.count(ChannelReserveABI.channelOpened.topic, channel) == 1)
    #expect(try await scene.reservations().isEmpty)
  }

  /// Node and host fail once, at every call of an open or a top-up in turn. The host chooses another token each time it is asked.
  @Test(
    "Fail the n-th call: one open, one top-up, and nothing of the budget is left over",
    arguments: [FaultTests.Fault.refuse, .loseReply, .garbage, .error, .drop, .hideReceipt], [true, false])
  func failNth(fault: FaultTests.Fault, isTopUp: Bool) async throws {
    for index in 0..<24 {
      let scene = try await Scene(seed: UInt64(index + 1))
      let channel = try await scene.open()
      var payload = try channel.openPayload(1_000)
      if isTopUp {
        try await scene.repeated(payload)
        payload = try await scene.harness.payer.sponsoredTopUp(channel, 1_000)
      }
      scene.wire.onAsk { scene.devnet.sponsorPolicy.alternateTokens() }
      let rule = scene.devnet.faults.inject(
        fault == .drop || fault == .hideReceipt ? .broadcast : .method("eth_*"), fault.action, skip: index)
      try await scene.repeated(payload)
      let fired = scene.devnet.faults.timesFired(rule) > 0
      scene.devnet.faults.clear()
      await scene.harness.method.settlements.sweep()
      #expect(scene.harness.count(ChannelReserveABI.channelOpened.topic, channel) == 1, "\(index)")
      #expect(
        scene.harness.count(ChannelReserveABI.topUpEvent.topic, channel) == (isTopUp ? 1 : 0), "\(index)")
      try await scene.harness.expectAgreement(channel)
      #expect(try await scene.reservations().isEmpty, "\(index)")
      if !fired { return }
    }
    Issue.record("more calls than expected")
  }
}
