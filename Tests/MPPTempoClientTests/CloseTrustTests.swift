import EVM
import HTTPTypes
import MPPClient
import MPPCore
import MPPTempo
import MPPTempoClient
import PeerSupport
import Synchronization
import Tempo
import TempoDevnet
import Testing

/// `05` §18 and §22.3, for what a server says while a channel is closed or topped up.
@Suite("Closing and topping up: what the server may say")
struct CloseTrustTests {
  private func closes(_ fixture: SessionFixture) -> [UInt128] {
    fixture.seller.state.withLock { $0.vouchers.filter { $0.action == .close }.map(\.amount.units) }
  }

  /// In every challenge from now on.
  private func show(_ fixture: SessionFixture, spent: UInt128, deposit: UInt128 = 100_000) throws {
    let (id, channel) = try #require(fixture.seller.state.withLock { $0.channels.first })
    let snapshot = SessionSnapshot(
      acceptedCumulative: Amount(units: spent), chainID: fixture.devnet.configuration.chainID, channelID: id,
      deposit: Amount(units: deposit), descriptor: channel.descriptor, escrow: TempoAddress.channelReserve,
      highestVoucher: nil, requiredCumulative: Amount(units: spent), settled: .zero,
      spent: Amount(units: spent)
    ).jsonValue
    fixture.seller.state.withLock { $0.requestEdit = { $0.methodDetails.sessionSnapshot = snapshot } }
  }

  @Test("A close is raised to what a snapshot claims only as far as vouchers are out (T24, B4)")
  func snapshot() async throws {
    for (claim, isPaid): (UInt128, Bool) in [(30_000, true), (30_001, false), (1 << 95, false)] {
      let fixture = try SessionFixture()
      for _ in 0..<2 { _ = try await fixture.get() }
      // The third voucher is out, and was never charged.
      fixture.script(.loseRequest)
      _ = await failure { try await fixture.get() }
      try show(fixture, spent: claim)
      fixture.seller.state.withLock { $0.closeAnswers = [.refuse] }
      let signed = fixture.signer.count
      let outcome = try #require(try await fixture.client.close().first)
      #expect(closes(fixture) == (isPaid ? [20_000, claim] : [20_000]), "\(claim)")
      #expect(outcome.error?.code == (isPaid ? nil : .closeFailed), "\(claim)")
      #expect(fixture.signer.count == signed + (isPaid ? 2 : 1))
      #expect(try await fixture.channel().phase == (isPaid ? "closed" : "closing"))
    }
  }

  @Test(
    "A deposit that a snapshot names, too low or too high, changes nothing (T5)", arguments: [0, 1, 1 << 90])
  func deposit(named: UInt128) async throws {
    let fixture = try SessionFixture()
    fixture.seller.state.withLock { $0.suggestedDeposit = Amount(units: 20_000) }
    _ = try await fixture.get()
    try show(fixture, spent: 10_000, deposit: named)
    for _ in 0..<3 { #expect(try await fixture.get().status == .ok) }
    // The third voucher is the first above the deposit.
    #expect(try await fixture.channel().deposit == Amount(units: 40_000))
    #expect(fixture.vouchers == [10_000, 20_000, 30_000, 40_000])
    #expect(Set(fixture.broadcasts).count == 2)
  }

  @Test(
    "A redirected close is not followed, and can be repeated (T26)",
    arguments: ["https://evil.example/ping", "https://shop.example/other"])
  func redirectedClose(target: String) async throws {
    let fixture = try SessionFixture()
    _ = try await fixture.get()
    fixture.seller.state.withLock { $0.closeAnswers = [.redirect(target)] }
    #expect(try await fixture.client.close().first?.error?.code == .closeFailed)
    #expect(fixture.seller.state.withLock { $0.requests.allSatisfy(\.isToShop) })
    #expect(try await fixture.client.close().first?.captured == Amount(units: 10_000))
  }

  @Test(
    "A redirected top-up is not followed, and the same one is handed out again (T26)",
    arguments: ["https://evil.example/ping", "https://shop.example/other"])
  func redirectedTopUp(target: String) async throws {
    let fixture = try SessionFixture()
    fixture.seller.state.withLock { state in
      state.suggestedDeposit = Amount(units: 10_000)
      state.topUpAnswers = [.redirect(target)]
    }
    _ = try await fixture.get()
    #expect(await failure { try await fixture.get() }?.code == .outcomeUnknown)
    #expect(fixture.seller.state.withLock { $0.requests.allSatisfy(\.isToShop) })
    #expect(try await fixture.get().status == .ok)
    #expect(Set(fixture.broadcasts).count == 2)
  }

  @Test("Killed after a close left: the same amount again where it did nothing, nothing where it did (§22.3)")
  func killedWhileClosing() async throws {
    for (answer, expected): (TestSeller.CloseBehaviour, [UInt128]) in [
      (.fail, [20_000, 20_000]), (.loseAnswer, [20_000]),
    ] {
      let fixture = try SessionFixture()
      for _ in 0..<2 { _ = try await fixture.get() }
      fixture.seller.state.withLock { $0.closeAnswers = [answer] }
      #expect(try await fixture.client.close().first?.error != nil)
      fixture.devnet.clock.advance(seconds: 40)
      fixture.devnet.mine()
      let next = try fixture.restarted()
      #expect(try await next.channel().phase == "closing")
      #expect(try await next.client.recover().last?.phase == "closed")
      #expect(closes(next) == expected)
      // A new channel for a new request: one that is being closed is never paid with.
      #expect(try await next.get().status == .ok)
      #expect(try await next.client.channels().count == 2)
    }
  }
}

extension HTTPRequest {
  fileprivate var isToShop: Bool { authority == "shop.example" && path == "/ping" }
}
