import EVM
import HTTPTypes
import MPPClient
import MPPCore
import MPPTempoClient
import PeerSupport
import Synchronization
import TempoDevnet
import Testing

/// A server that has the voucher of a request and answers that it does not know the channel (A1, U1).
@Suite("Channels that are disowned", .timeLimit(.minutes(1)))
struct DisownedChannelTests {
  private static let price: UInt128 = 10_000

  /// Σ of the highest voucher of every channel: what the payee can capture.
  private func authorized(_ fixture: SessionFixture) -> UInt128 {
    fixture.seller.state.withLock { state in
      Dictionary(state.vouchers.map { ($0.channel, $0.amount.units) }, uniquingKeysWith: max).values
        .reduce(0, +)
    }
  }

  @Test(
    "A request whose voucher is kept and whose channel is disowned pays no second price: n requests, n prices",
    arguments: ["0.01", "0.10"])
  func findingA1(maximumPrice: String) async throws {
    let fixture = try SessionFixture.overSocket(spending: .upTo(maximumPrice, perDay: "5"))
    var requests: UInt128 = 0
    for _ in 0..<4 {
      requests += 1
      #expect(try await fixture.get().status == .ok)
      fixture.script(.disown)
      requests += 1
      let error = try #require(await failure { try await fixture.get() })
      #expect(error.code == .channelUnusable)
      #expect(error.problem?.status == 410)
      #expect(!error.isRetryable)
      #expect(error.exposure.authorized.units == Self.price)
      #expect(error.exposure.deposit.units == 100_000)
      let channels = try await fixture.client.channels()
      #expect(channels.contains { $0.phase == "orphaned" && $0.id == error.exposure.channel })
      try #require(authorized(fixture) <= requests * Self.price)
    }
    // What was out is authorised, by the client's own count as well.
    let counted = try await fixture.client.channels().reduce(UInt128(0)) { $0 + $1.authorized.units }
    #expect(counted == authorized(fixture))
  }

  @Test("Neither do requests at once, nor an opening that is disowned")
  func findingA1Together() async throws {
    let fixture = try SessionFixture.overSocket()
    fixture.script(.disown, .disown)
    #expect(await failure { try await fixture.get() }?.code == .channelUnusable)
    #expect(authorized(fixture) == Self.price)
    _ = try await fixture.get()
    fixture.seller.state.withLock { $0.script = Array(repeating: .disown, count: 8) }
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<8 { group.addTask { _ = await failure { try await fixture.get() } } }
    }
    #expect(authorized(fixture) <= 10 * Self.price)
  }

  @Test("A server that disowns every channel locks what the policy allows, and every error says where it is")
  func findingA1Deposits() async throws {
    let fixture = try SessionFixture.overSocket(spending: .upTo("0.01", perDay: "0.35"))
    fixture.seller.state.withLock { $0.script = Array(repeating: .disown, count: 40) }
    var errors: [PaymentClientError] = []
    for _ in 0..<8 { errors.append(try #require(await failure { try await fixture.get() })) }
    #expect(errors.prefix(4).allSatisfy { $0.code == .channelUnusable && $0.exposure.deposit > .zero })
    #expect(Set(errors.prefix(4).map(\.exposure.channel)).count == 4)
    #expect(errors.dropFirst(4).allSatisfy { $0.code == .refusedByPolicy })
    let locked = try await fixture.client.channels().reduce(UInt128(0)) { $0 + $1.deposit.units }
    #expect(locked <= 350_000)
    #expect(authorized(fixture) <= 8 * Self.price)
  }

  @Test(
    "A channel that the chain shows closed without this request's voucher costs nothing: the request pays on another one"
  )
  func findingU1Closed() async throws {
    let fixture = try SessionFixture.overSocket(spending: .upTo("0.01", perDay: "5"))
    for _ in 0..<2 { _ = try await fixture.get() }
    fixture.script(.finalize(keepsVoucher: false))
    #expect(try await fixture.get().status == .ok)
    #expect(try await fixture.client.channels().map(\.phase).sorted() == ["closed", "open"])
    #expect(fixture.served == 3)
  }

  @Test("Closed with the voucher of this request in it: the request has paid, and pays nothing else")
  func findingU1ClosedWithIt() async throws {
    let fixture = try SessionFixture.overSocket(spending: .upTo("0.01", perDay: "5"))
    for _ in 0..<2 { _ = try await fixture.get() }
    fixture.script(.finalize(keepsVoucher: true))
    let error = try #require(await failure { try await fixture.get() })
    #expect(error.code == .channelUnusable)
    #expect(error.exposure.authorized.units == Self.price)
    #expect(authorized(fixture) == 3 * Self.price)
    #expect(try await fixture.get().status == .ok)
  }

  @Test("While the chain cannot be read, nothing says that the voucher is worth nothing")
  func findingU1Unseen() async throws {
    let fixture = try SessionFixture.overSocket(spending: .upTo("0.01", perDay: "5"))
    _ = try await fixture.get()
    fixture.script(.finalize(keepsVoucher: false))
    fixture.devnet.faults.inject(.method("eth_getLogs"), .refuse, count: nil)
    #expect(await failure { try await fixture.get() }?.code == .channelUnusable)
    fixture.devnet.faults.clear()
    #expect(try await fixture.get().status == .ok)
    #expect(authorized(fixture) == 3 * Self.price)
  }
}
