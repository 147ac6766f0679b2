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
import TempoRPC
import Testing

@Suite("Nothing leaves before it is written down")
struct JournalOrderTests {
  @Test("Fail the n-th write, for every n: what is not on disk was not sent (J1, J2)", arguments: 0..<14)
  func failNth(number: Int) async throws {
    let fixture = try SessionFixture()
    fixture.seller.state.withLock { $0.suggestedDeposit = Amount(units: 20_000) }
    fixture.journal.fail([number])
    for _ in 0..<5 {
      _ = await failure { try await fixture.get() }
      for (id, amount, _) in fixture.seller.state.withLock({ $0.vouchers }) {
        let durable = try #require(try fixture.journal.authorized(id))
        #expect(amount <= durable, "write \(number)")
      }
    }
    fixture.journal.fail([])
    #expect(try await fixture.get().status == .ok)
    let outcomes = try await fixture.client.close()
    #expect(outcomes.allSatisfy { $0.error == nil })
    #expect(try await fixture.client.channels().filter { $0.phase != "closed" }.isEmpty)
    #expect(Set(fixture.broadcasts).count == fixture.broadcasts.count)
  }

  @Test("Every voucher the seller saw was on disk when it arrived")
  func alwaysDurable() async throws {
    let fixture = try SessionFixture()
    fixture.seller.state.withLock { state in
      state.scrambles = true
      state.script = [.serve, .loseAnswer, .handlerFails, .refuse, .serve, .forget]
    }
    for _ in 0..<10 {
      _ = await failure { try await fixture.get() }
      for (id, amount, _) in fixture.seller.state.withLock({ $0.vouchers }) {
        #expect(try #require(try fixture.journal.authorized(id)) >= amount)
      }
    }
  }

  @Test("A damaged record is an error, and nothing is signed")
  func damaged() async throws {
    let fixture = try SessionFixture()
    _ = try await fixture.get()
    let id = try await fixture.channel().id
    let journal = TestJournal(copying: fixture.journal)
    try await journal.write([JournalRecord(kind: "channel", key: id, version: 1_000, body: Array("{}".utf8))])
    let broken = try SessionFixture(journal: journal, devnet: fixture.devnet, seller: fixture.seller)
    #expect(await failure { try await broken.get() }?.code == .journal)
    #expect(broken.signer.count == 0)
  }
}

@Suite("The period's total in the journal")
struct PeriodTotalTests {
  @Test("What was counted when a write failed is on disk before anything is signed for it")
  func failedWrite() async throws {
    let fixture = try SessionFixture()
    _ = try await fixture.get()
    let counted = try await fixture.client.authorizedInPeriod().adding(Amount(units: 10_000))
    fixture.journal.fail([0])
    #expect(await failure { try await fixture.get() }?.code == .journal)
    #expect(fixture.vouchers == [10_000])
    #expect(try await fixture.client.authorizedInPeriod() == counted)
    #expect(try await fixture.get().status == .ok)
    #expect(fixture.vouchers == [10_000, 20_000])
    #expect(try await fixture.restarted().client.authorizedInPeriod() == counted)
  }
}

@Suite("Crash and restart")
struct CrashTests {
  @Test("With an open channel: the new process goes on with it, and nothing is paid twice")
  func openChannel() async throws {
    let fixture = try SessionFixture()
    for _ in 0..<3 { _ = try await fixture.get() }
    let next = try fixture.restarted()
    for _ in 0..<3 { #expect(try await next.get().status == .ok) }
    #expect(fixture.vouchers == [10_000, 20_000, 30_000, 40_000, 50_000, 60_000])
    #expect(try await next.client.channels().count == 1)
  }

  @Test("After the opening left, before or after it was mined: never a second one", arguments: [true, false])
  func opening(isMined: Bool) async throws {
    let fixture = try SessionFixture()
    fixture.seller.state.withLock { $0.opensFirst = isMined }
    fixture.script(.loseRequest)
    let error = try #require(await failure { try await fixture.get() })
    #expect(error.exposure.deposit == Amount(units: 100_000))
    let next = try fixture.restarted()
    #expect(try await next.client.channels().map(\.phase) == ["opening"])
    #expect(try await next.get().status == .ok)
    #expect(try await next.client.channels().map(\.phase) == ["open"])
    #expect(Set(fixture.broadcasts).count == 1)
    #expect(Set(fixture.seller.state.withLock { $0.vouchers.map(\.channel) }).count == 1)
  }

  @Test("An opening that never landed is given up only when the chain has passed its end")
  func expired() async throws {
    let fixture = try SessionFixture()
    fixture.seller.state.withLock { $0.opensFirst = false }
    fixture.script(.loseRequest)
    _ = await failure { try await fixture.get() }
    fixture.devnet.clock.advance(seconds: 10)
    fixture.script(.loseRequest)
    _ = await failure { try await fixture.get() }
    #expect(Set(fixture.seller.state.withLock { $0.vouchers.map(\.channel) }).count == 1)
    fixture.devnet.clock.advance(seconds: 20)
    fixture.devnet.mine()
    #expect(try await fixture.get().status == .ok)
    #expect(try await fixture.client.channels().map(\.phase).sorted() == ["abandoned", "open"])
  }

  @Test("The voucher left, the answer is unknown: the same amount again after the restart")
  func voucher() async throws {
    let fixture = try SessionFixture()
    _ = try await fixture.get()
    fixture.script(.loseRequest)
    _ = await failure { try await fixture.get() }
    let next = try fixture.restarted()
    #expect(try await next.get().status == .ok)
    #expect(fixture.vouchers == [10_000, 20_000, 20_000])
  }

  @Test(
    "A top-up whose answer is lost, or that is refused after it was broadcast, is not made twice (U9)",
    arguments: [TestSeller.TopUpBehaviour.loseAnswer, .broadcastAndFail])
  func topUp(behaviour: TestSeller.TopUpBehaviour) async throws {
    let fixture = try SessionFixture()
    fixture.seller.state.withLock { state in
      state.suggestedDeposit = Amount(units: 10_000)
      state.topUpAnswers = [behaviour]
    }
    _ = try await fixture.get()
    #expect(try await fixture.get().status == .ok)
    #expect(try await fixture.channel().deposit == Amount(units: 20_000))
    #expect(Set(fixture.broadcasts).count == 2)
  }

  @Test("A node that falls silent after a top-up has left does not hide what it may have cost")
  func topUpUnseen() async throws {
    let fixture = try SessionFixture()
    fixture.seller.state.withLock { state in
      state.suggestedDeposit = Amount(units: 10_000)
      state.topUpAnswers = [.loseAnswer]
    }
    _ = try await fixture.get()
    fixture.devnet.faults.inject(.method("eth_getTransactionReceipt"), .refuse, count: nil)
    let error = try #require(await failure { try await fixture.get() })
    #expect(error.exposure.deposit == Amount(units: 20_000), "\(error)")
    fixture.devnet.faults.clear()
    // The seller's own look at the receipt had failed as well.
    fixture.seller.state.withLock { state in
      for id in state.channels.keys { state.channels[id]?.deposit = Amount(units: 20_000) }
    }
    #expect(try await fixture.get().status == .ok)
    #expect(try await fixture.channel().deposit == Amount(units: 20_000))
    #expect(Set(fixture.broadcasts).count == 2)
  }

  @Test("A top-up that was refused and did not land is handed out again, the same bytes (J6)")
  func topUpRefused() async throws {
    let fixture = try SessionFixture()
    fixture.seller.state.withLock { state in
      state.suggestedDeposit = Amount(units: 10_000)
      state.topUpAnswers = [.refuse, .refuse]
    }
    _ = try await fixture.get()
    let error = try #require(await failure { try await fixture.get() })
    #expect(error.isRetryable)
    let next = try fixture.restarted()
    #expect(try await next.get().status == .ok)
    #expect(try await next.channel().deposit == Amount(units: 20_000))
    #expect(Set(fixture.broadcasts).count == 2)
  }
}
