import EVM
import HTTPTypes
import MPPClient
import MPPCore
import MPPTempo
import MPPTempoClient
import PeerSupport
import Synchronization
import TempoDevnet
import Testing

@Suite("Lost answers")
struct LostAnswerTests {
  private static let price: UInt128 = 10_000
  /// One request that opens a channel, then `count` at once whose answers are lost; the server charged some of them.
  private func losing(_ count: Int, charged: Int) async throws -> SessionFixture {
    let fixture = try SessionFixture()
    fixture.seller.state.withLock { $0.suggestedDeposit = Amount(units: 2_000_000) }
    _ = try await fixture.get()
    fixture.seller.state.withLock { $0.script = Array(repeating: .loseTogether, count: count) }
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<count { group.addTask { _ = await failure { try await fixture.get() } } }
    }
    fixture.seller.state.withLock { state in
      state.scrambles = true
      for id in state.channels.keys {
        let amount = Amount(units: UInt128(1 + charged) * Self.price)
        state.channels[id]?.spent = amount
        state.channels[id]?.accepted = amount
      }
    }
    #expect(try await fixture.channel().authorized.units == UInt128(1 + count) * Self.price)
    return fixture
  }

  private func statuses(_ fixture: SessionFixture, _ count: Int) async throws -> [Int] {
    try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<count { group.addTask { try await fixture.get().status.code } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
  }

  @Test(
    "Killed with several on their way, many at once after the restart: one finds out, all are served",
    arguments: [0, 1, 3, 6])
  func restartWithSeveral(charged: Int) async throws {
    let fixture = try await losing(6, charged: charged)
    let next = try fixture.restarted()
    #expect(try await statuses(next, 12) == Array(repeating: 200, count: 12))
    let channel = try await next.channel()
    let spent = try #require(fixture.seller.state.withLock { $0.channels.values.first?.spent })
    #expect(spent.units == UInt128(1 + charged + 12) * Self.price)
    #expect(channel.authorized.units <= UInt128(1 + 6 + 12) * Self.price)
    #expect(channel.delivered.units == 13 * Self.price)
    #expect(try await next.client.channels().count == 1)
  }

  @Test("The same without a restart, while others are under way", arguments: 0..<6)
  func mixed(round: Int) async throws {
    let fixture = try await losing(1, charged: 1)
    fixture.seller.state.withLock { state in
      state.script =
        Array(repeating: .serve, count: round) + [.loseAnswer, .serve, .loseRequest, .loseAnswer]
    }
    let outcomes = await withTaskGroup(of: PaymentClientError.Code?.self) { group in
      for _ in 0..<32 {
        group.addTask {
          await failure { try await fixture.get() }?.code
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    // Only what was lost fails; nobody is refused because another was quicker.
    #expect(outcomes.allSatisfy { $0 == nil || $0 == .transport }, "\(outcomes)")
    let channel = try await fixture.channel()
    #expect(channel.authorized.units <= (2 + 32) * Self.price)
    #expect(channel.authorized.units >= channel.delivered.units)
  }

  @Test("The request that finds out travels alone, and the others after it together")
  func alone() async throws {
    let fixture = try await losing(3, charged: 3)
    let next = try fixture.restarted()
    let before = next.vouchers.count
    #expect(try await statuses(next, 8) == Array(repeating: 200, count: 8))
    let sent = Array(next.vouchers[before...])
    // The highest voucher again, one price more, then a price each.
    #expect(sent.prefix(2) == [40_000, 50_000])
    #expect(Set(sent.dropFirst(2)) == Set((6...12).map { $0 * Self.price }))
  }

  @Test(
    "A killed client closes what it has lost count of: once more, with the highest voucher it sent (05 §12.3)"
  )
  func closeAfterLostAnswers() async throws {
    let fixture = try await losing(3, charged: 3)
    let next = try fixture.restarted()
    let outcome = try #require(try await next.client.close().first)
    #expect(outcome.error == nil)
    #expect(outcome.captured == Amount(units: 40_000))
    #expect(!outcome.isDisputed)
    #expect(closeAmounts(fixture).suffix(1) == [40_000])
    #expect(closeAmounts(fixture).count == 2)
  }

  @Test(
    "A close that is too low with what the last receipt showed, too, ends with the highest voucher that is out"
  )
  func closeAboveTheLastReceipt() async throws {
    // 40 000 are out, of which the server has charged 30 000; delivered were 10 000, the last receipt says 20 000.
    let fixture = try await losing(3, charged: 2)
    let record = try #require(try await fixture.journal.records(kind: "channel").first)
    var channel = try ClientChannel(decoding: record.body)
      .applying(.receipt(spent: Amount(units: 20_000), units: nil))
    channel.version += 1
    // As another process would have left it.
    let journal = TestJournal(copying: fixture.journal)
    try await journal.write([
      JournalRecord(kind: record.kind, key: record.key, version: channel.version, body: channel.encoded())
    ])
    fixture.seller.state.withLock { $0.script = [] }
    let next = try SessionFixture(journal: journal, devnet: fixture.devnet, seller: fixture.seller)
    let outcome = try #require(try await next.client.close().first)
    #expect(outcome.error == nil)
    #expect(closeAmounts(fixture) == [10_000, 20_000, 40_000])
    #expect(outcome.captured == Amount(units: 30_000))
    #expect(!outcome.isDisputed)
  }

  @Test("A close never offers more than was sent, and gives up after one raise")
  func closeStaysBelowWhatWasSent() async throws {
    let fixture = try SessionFixture()
    _ = try await fixture.get()
    // Authorised, but neither recorded nor signed: the server has nothing above 10 000.
    fixture.journal.fail([0])
    #expect(await failure { try await fixture.get() }?.code == .journal)
    #expect(try await fixture.channel().authorized == Amount(units: 20_000))
    fixture.seller.state.withLock { $0.closeAnswers = [.refuse, .refuse, .refuse] }
    #expect(try await fixture.client.close().first?.error?.code == .closeFailed)
    #expect(closeAmounts(fixture) == [10_000, 10_000])
  }

  @Test("A close after an expired challenge may still be raised once")
  func expiredThenTooLow() async throws {
    let fixture = try await losing(1, charged: 1)
    fixture.seller.state.withLock { $0.closeAnswers = [.refuseExpired] }
    #expect(try await fixture.client.close().first?.error == nil)
    #expect(closeAmounts(fixture) == [10_000, 10_000, 20_000])
  }

  private func closeAmounts(_ fixture: SessionFixture) -> [UInt128] {
    fixture.seller.state.withLock { $0.vouchers.filter { $0.action == .close }.map(\.amount.units) }
  }
}
