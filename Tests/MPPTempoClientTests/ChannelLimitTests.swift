import EVM
import HTTPTypes
import MPPClient
import MPPCore
import MPPTempo
import MPPTempoClient
import MPPTesting
import PeerSupport
import Synchronization
import Tempo
import TempoDevnet
import TempoRPC
import Testing

@Suite("Limits of channels that exist")
struct ChannelLimitTests {
  @Test("Top-ups and openings together stay within what one origin may have deposited (J4)")
  func rotatingOperator() async throws {
    let policy = try SpendPolicy(
      maximumPrice: Amount(units: 10_000), maximumDeposit: Amount(units: 100_000),
      maximumTotal: Amount(units: 300_000), periodSeconds: 86_400)
    let fixture = try SessionFixture(spending: policy)
    func deposited() async throws -> UInt128 {
      try await fixture.client.channels().reduce(0) { $0 + $1.deposit.units }
    }
    let suggestions = [Amount(units: 10_000), Amount(units: 90_000)]
    for suggestion in suggestions {
      for number in 1...4 {
        let name = try SpelledAddress("0x" + String(repeating: "\(number)", count: 40))
        fixture.seller.state.withLock { state in
          state.suggestedDeposit = suggestion
          state.requestEdit = { $0.methodDetails.operator = name }
        }
        _ = await failure { try await fixture.get() }
        #expect(try await deposited() <= 300_000)
      }
    }
    #expect(try await fixture.client.channels().count == 4)
    // What was left was used: the bound is not missed by far.
    #expect(try await deposited() == 300_000)
  }

  @Test("A limit that was lowered since the channel was opened holds: no top-up and no voucher above it")
  func lowered() async throws {
    let fixture = try SessionFixture(spending: .upTo("0.10", perDay: "5", depositPerChannel: "1"))
    fixture.seller.state.withLock { $0.suggestedDeposit = Amount(units: 20_000) }
    _ = try await fixture.get()
    let next = try fixture.restarted(spending: .upTo("0.10", perDay: "5", depositPerChannel: "0.03"))
    fixture.seller.state.withLock { $0.suggestedDeposit = Amount(units: 500_000) }
    for _ in 0..<2 { #expect(try await next.get().status == .ok) }
    #expect(try await next.channel().deposit == Amount(units: 30_000))
    #expect(await failure { try await next.get() }?.code == .refusedByPolicy)
    #expect(try await next.channel().deposit == Amount(units: 30_000))
    // Below what is authorised already: nothing is signed for a request, and the channel can be closed.
    let lower = try next.restarted(spending: .upTo("0.10", perDay: "5", depositPerChannel: "0.02"))
    #expect(await failure { try await lower.get() }?.code == .refusedByPolicy)
    #expect(fixture.vouchers == [10_000, 20_000, 30_000])
    #expect(try await lower.client.close().first?.captured == Amount(units: 30_000))
  }

  @Test("An unused voucher above the present limit is not handed out again")
  func loweredBelowAVoucher() async throws {
    let fixture = try SessionFixture()
    _ = try await fixture.get()
    fixture.script(.loseRequest)
    _ = await failure { try await fixture.get() }
    let lower = try fixture.restarted(spending: .upTo("0.10", perDay: "5", depositPerChannel: "0.015"))
    #expect(await failure { try await lower.get() }?.code == .refusedByPolicy)
    #expect(fixture.vouchers == [10_000, 20_000])
  }

  @Test("A deposit that a lagging node remembers as smaller does not make room for another top-up (J7)")
  func laggingDeposit() throws {
    let channel = try sampleChannel(authorized: 100, deposit: 900)
    let later = try channel.applying(ClientMachineTests.seen(deposit: 200))
    #expect(later.account.deposit == Amount(units: 900))
    let requested = try later.applying(ClientMachineTests.seen(deposit: 200, closing: 1_900))
    #expect(requested.phase == .closeRequested)
    #expect(requested.account.deposit == Amount(units: 900))
    #expect(try later.applying(ClientMachineTests.seen(deposit: 950)).account.deposit == Amount(units: 950))
  }

  @Test("Behind a node that lags, the deposits of a channel stay within its limit")
  func laggingNode() async throws {
    let fixture = try SessionFixture(spending: .upTo("0.01", perDay: "5", depositPerChannel: "0.05"))
    fixture.seller.state.withLock { $0.suggestedDeposit = Amount(units: 20_000) }
    for _ in 0..<4 { #expect(try await fixture.get().status == .ok) }
    #expect(try await fixture.channel().deposit == Amount(units: 40_000))
    let id = try Hash32(hex: try await fixture.channel().id)
    for blocks in 1...3 {
      fixture.devnet.faults.inject(
        .method("eth_getBlockByNumber"), .staleReads(blocks: blocks), count: 4)
      _ = await failure { try await fixture.get() }
      fixture.devnet.faults.clear()
    }
    #expect(try await fixture.seller.chain.channelState(id).deposit <= 50_000)
    #expect(try await fixture.channel().deposit >= Amount(units: 40_000))
  }
}

@Suite("Two clients on one journal")
struct SharedJournalTests {
  @Test("The one that meets the other's writes stops for good, and overwrites nothing")
  func stale() async throws {
    let fixture = try SessionFixture()
    _ = try await fixture.get()
    let id = try Hash32(hex: try await fixture.channel().id)
    let other = try SessionFixture(
      journal: fixture.journal, devnet: fixture.devnet, seller: fixture.seller)
    for _ in 0..<3 { _ = try await other.get() }
    for _ in 0..<3 {
      let error = try #require(await failure { try await fixture.get() })
      #expect(error.code == .journal)
      #expect(!error.isRetryable)
    }
    #expect(fixture.vouchers == [10_000, 20_000, 30_000, 40_000])
    #expect(try fixture.journal.authorized(id) == Amount(units: 40_000))
    #expect(try await other.get().status == .ok)
  }

  @Test("So does one whose write failed meanwhile, although its next version is a new one")
  func failedWrite() async throws {
    let fixture = try SessionFixture()
    _ = try await fixture.get()
    let id = try Hash32(hex: try await fixture.channel().id)
    let other = try SessionFixture(
      journal: fixture.journal, devnet: fixture.devnet, seller: fixture.seller)
    try await other.client.start()
    fixture.journal.fail([0])
    #expect(await failure { try await fixture.get() }?.isRetryable == true)
    // One write of another amount, and of the version that seemed to fail.
    fixture.seller.state.withLock { state in
      state.price = Amount(units: 20_000)
      state.script = [.loseRequest]
    }
    _ = await failure { try await other.get() }
    let written = try fixture.journal.authorized(id)
    let error = try #require(await failure { try await fixture.get() })
    #expect(error.code == .journal)
    #expect(!error.isRetryable)
    #expect(try fixture.journal.authorized(id) == written)
  }
}
