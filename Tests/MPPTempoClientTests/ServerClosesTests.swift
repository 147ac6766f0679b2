import EVM
import MPPClient
import MPPCore
import MPPTempo
import MPPTempoClient
import PeerSupport
import Synchronization
import Tempo
import TempoDevnet
import TempoRPC
import Testing

/// A server that comes back and closes the channel whose close its payer has asked the chain for.
@Suite("A forced close that the server answers")
struct ServerClosesTests {
  /// `count` requests, a server that is gone, and a close that is requested on chain.
  private func requested(_ count: Int, minimumDelta: Amount? = nil) async throws -> SessionFixture {
    var options = TempoSessionOptions()
    options.maximumStep = minimumDelta
    let fixture = try SessionFixture(options: options)
    fixture.seller.state.withLock { state in
      if let minimumDelta { state.requestEdit = { $0.methodDetails.minVoucherDelta = minimumDelta } }
      state.closeAnswers = [.gone]
    }
    for _ in 0..<count { _ = try await fixture.get() }
    _ = try await fixture.client.close()
    #expect(try await fixture.client.recover().last?.phase == "closeRequested")
    return fixture
  }

  /// The server captures everything it has a voucher for.
  private func capture(_ fixture: SessionFixture, _ amount: Amount? = nil) async throws {
    let id = try #require(fixture.seller.state.withLock { $0.channels.keys.first })
    try await fixture.seller.closeOnChain(id, capturing: amount)
  }

  @Test("It is seen at once, with what was captured", arguments: [false, true])
  func seen(isRestarted: Bool) async throws {
    var fixture = try await requested(3)
    try await capture(fixture)
    if isRestarted { fixture = try fixture.restarted() }
    let channel = try #require(try await fixture.client.recover().last)
    #expect(channel.phase == "closed")
    #expect(channel.settled == Amount(units: 30_000))
    #expect(channel.note == nil)
    #expect(!channel.isDisputed)
    #expect(try await fixture.restarted().channel().settled == Amount(units: 30_000))
  }

  @Test("It is seen after the grace period, with what was captured")
  func seenLate() async throws {
    let fixture = try await requested(3)
    try await capture(fixture, Amount(units: 20_000))
    fixture.devnet.clock.advance(seconds: 901)
    fixture.devnet.mine()
    let signed = fixture.signer.count
    let channel = try #require(try await fixture.client.recover().last)
    #expect(channel.phase == "closed")
    #expect(channel.settled == Amount(units: 20_000))
    // There is nothing to withdraw.
    #expect(fixture.signer.count == signed)
  }

  @Test("A capture above what was delivered, or may have been, is a dispute", arguments: [false, true])
  func disputed(isGreedy: Bool) async throws {
    let fixture = try await requested(1, minimumDelta: Amount(units: 30_000))
    #expect(fixture.vouchers.first == 30_000)
    try await capture(fixture, isGreedy ? nil : Amount(units: 10_000))
    let channel = try #require(try await fixture.client.recover().last)
    #expect(channel.phase == "closed")
    #expect(channel.settled == Amount(units: isGreedy ? 30_000 : 10_000))
    #expect(channel.isDisputed == isGreedy)
  }

  @Test("A withdrawal does not change what was captured before it")
  func withdrawn() async throws {
    let fixture = try await requested(2)
    fixture.devnet.clock.advance(seconds: 901)
    let channel = try #require(try await fixture.client.recover().last)
    #expect(channel.phase == "closed")
    #expect(channel.settled == .zero)
    #expect(!channel.isDisputed)
  }

  @Test("While the closing cannot be looked for, the channel stays as it was")
  func unsearched() async throws {
    let fixture = try await requested(3)
    try await capture(fixture)
    fixture.devnet.faults.inject(.method("eth_getLogs"), .loseReply, skip: 0)
    let next = await failure { try await fixture.client.recover() }
    #expect(next == nil || next?.code == .recoveryIncomplete)
    fixture.devnet.faults.clear()
    let channel = try #require(try await fixture.client.recover().last)
    #expect(channel.phase == "closed")
    #expect(channel.settled == Amount(units: 30_000))
  }
}
