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

/// The opening landed, and the server does not know it, or nobody knows whether it does.
@Suite("An opening that landed unheard")
struct LandedOpeningTests {
  private func sent(_ fixture: SessionFixture) -> [String] {
    fixture.seller.state.withLock { state in state.vouchers.map { "\($0.action) \($0.amount.units)" } }
  }

  /// The first request, answered 503; its opening is on chain, the server has nothing on record.
  private func unheard() async throws -> SessionFixture {
    let fixture = try SessionFixture()
    fixture.script(.unavailable)
    #expect(try await fixture.get().status == .serviceUnavailable)
    #expect(try await fixture.channel().phase == "open")
    return fixture
  }

  @Test("The same opening again, not a voucher alone and not a second deposit", arguments: [false, true])
  func again(isRestarted: Bool) async throws {
    var fixture = try await unheard()
    if isRestarted { fixture = try fixture.restarted() }
    #expect(try await fixture.get().status == .ok)
    #expect(try await fixture.get().status == .ok)
    #expect(sent(fixture) == ["open 10000", "open 10000", "voucher 20000"])
    #expect(Set(fixture.broadcasts).count == 1)
    let channels = try await fixture.client.channels()
    #expect(channels.map(\.phase) == ["open"])
    #expect(channels.first?.delivered == Amount(units: 20_000))
    let outcome = try #require(try await fixture.client.close().first)
    #expect(outcome.captured == Amount(units: 20_000) && outcome.error == nil)
    #expect(outcome.refunded == Amount(units: 80_000))
  }

  @Test("However often it is not heard, and across restarts")
  func stubborn() async throws {
    var fixture = try await unheard()
    for _ in 0..<4 {
      fixture = try fixture.restarted()
      fixture.script(.unavailable)
      #expect(try await fixture.get().status == .serviceUnavailable)
    }
    fixture = try fixture.restarted()
    #expect(try await fixture.get().status == .ok)
    #expect(Set(sent(fixture)) == ["open 10000"])
    #expect(Set(fixture.broadcasts).count == 1)
  }

  @Test("Requests that wait for the opening present it too, and the first that is heard ends that")
  func together() async throws {
    let fixture = try SessionFixture()
    fixture.script(.unavailable, .unavailable)
    let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<8 { group.addTask { try await fixture.get().status.code } }
      return try await group.reduce(into: [Int]()) { $0.append($1) }
    }
    #expect(statuses.sorted() == [200, 200, 200, 200, 200, 200, 503, 503])
    #expect(Array(sent(fixture).prefix(3)) == ["open 10000", "open 10000", "open 10000"])
    #expect(sent(fixture).dropFirst(3).allSatisfy { $0.hasPrefix("voucher") })
    #expect(try await fixture.client.channels().count == 1)
    #expect(Set(fixture.broadcasts).count == 1)
  }

  @Test("A higher amount goes with the same opening, never a lower one than was signed")
  func dearer() async throws {
    let fixture = try await unheard()
    fixture.seller.state.withLock { $0.price = Amount(units: 30_000) }
    #expect(try await fixture.get().status == .ok)
    fixture.seller.state.withLock { $0.price = Amount(units: 10_000) }
    #expect(try await fixture.get().status == .ok)
    #expect(sent(fixture) == ["open 10000", "open 30000", "voucher 40000"])
    let cheap = try await unheard()
    cheap.seller.state.withLock { $0.price = Amount(units: 1_000) }
    #expect(try await cheap.get().status == .ok)
    #expect(sent(cheap) == ["open 10000", "open 10000"])
  }

  @Test("Refused as such: a voucher alone next, which is enough where the server knows the channel")
  func refusedAndKnown() async throws {
    let fixture = try await unheard()
    fixture.script(.refuse)
    #expect(try await fixture.get().status == .ok)
    #expect(try await fixture.get().status == .ok)
    #expect(sent(fixture) == ["open 10000", "open 10000", "voucher 10000", "voucher 20000"])
    #expect(try await fixture.client.channels().count == 1)
  }

  @Test("Refused, and the voucher too: only then another channel, and the first is kept for recovery")
  func refusedAndUnknown() async throws {
    let fixture = try await unheard()
    // The second answer is for the voucher: the record is still gone.
    fixture.script(.forget, .forget)
    #expect(try await fixture.get().status == .ok)
    #expect(sent(fixture) == ["open 10000", "open 10000", "voucher 10000", "open 10000"])
    #expect(Set(fixture.broadcasts).count == 2)
    let channels = try await fixture.client.channels()
    #expect(channels.map(\.phase).sorted() == ["open", "orphaned"])
    #expect(channels.first { $0.phase == "orphaned" }?.deposit == Amount(units: 100_000))
    _ = try await fixture.client.recover(.unusable)
    fixture.devnet.clock.advance(seconds: 901)
    fixture.devnet.mine()
    let recovered = try await fixture.client.recover(.unusable)
    #expect(recovered.map(\.phase).sorted() == ["closed", "open"])
  }

  @Test("No second channel where the policy does not allow its deposit")
  func policy() async throws {
    let fixture = try SessionFixture(spending: .upTo("0.10", perDay: "0.15", depositPerChannel: "0.10"))
    fixture.script(.unavailable)
    _ = try await fixture.get()
    fixture.seller.state.withLock { $0.price = Amount(units: 60_000) }
    fixture.script(.forget, .forget)
    #expect(await failure { try await fixture.get() }?.code == .channelUnusable)
    #expect(await failure { try await fixture.get() }?.code == .refusedByPolicy)
    #expect(Set(fixture.broadcasts).count == 1)
  }

  @Test("A refusal of the challenge is none of the opening")
  func expiredChallenge() async throws {
    let fixture = try await unheard()
    fixture.script(.refuseChallenge)
    #expect(try await fixture.get().status == .ok)
    #expect(sent(fixture) == ["open 10000", "open 10000", "open 10000"])
  }

  @Test("Where nothing may be presented after a refusal, the next request goes on, also after a restart")
  func badRequest() async throws {
    let fixture = try await unheard()
    fixture.script(.badRequest)
    #expect(await failure { try await fixture.get() }?.code == .paymentRefused)
    let next = try fixture.restarted()
    // What the server refused it has on record by now.
    next.seller.state.withLock { $0.opensFirst = true }
    #expect(try await next.get().status == .ok)
    #expect(sent(next) == ["open 10000", "open 10000", "voucher 10000"])
    #expect(try await next.client.channels().count == 1)
  }

  @Test("Charged and not heard: one price more at the second look, on the same channel")
  func charged() async throws {
    let fixture = try SessionFixture()
    fixture.script(.loseAnswer)
    #expect(await failure { try await fixture.get() }?.code == .transport)
    #expect(try await fixture.get().status == .ok)
    #expect(sent(fixture) == ["open 10000", "open 10000", "voucher 20000"])
    #expect(try await fixture.channel().authorized == Amount(units: 20_000))
    #expect(try await fixture.client.channels().count == 1)
  }

  @Test("A success without a receipt, a receipt without success: both are the server's word")
  func words() async throws {
    for behaviour in [TestSeller.Behaviour.noReceipt, .failWithReceipt] {
      let fixture = try await unheard()
      fixture.script(behaviour)
      _ = try await fixture.get()
      let next = try fixture.restarted()
      #expect(try await next.get().status == .ok)
      #expect(sent(next).suffix(1) == ["voucher 20000"], "\(behaviour)")
    }
  }

  @Test("A top-up that the server sends is its word too")
  func toppedUp() async throws {
    let fixture = try SessionFixture()
    fixture.seller.state.withLock { $0.suggestedDeposit = Amount(units: 10_000) }
    fixture.script(.handlerFails)
    #expect(try await fixture.get().status.code == 500)
    fixture.seller.state.withLock { $0.price = Amount(units: 20_000) }
    #expect(try await fixture.get().status == .ok)
    // The opening deposits less than this voucher: it could not go with it.
    #expect(sent(fixture) == ["open 10000", "voucher 20000"])
    #expect(try await fixture.client.channels().count == 1)
  }
}
