import HTTPTypes
import MPPClient
import MPPCore
import MPPTempo
import MPPTempoClient
import PeerSupport
import Synchronization
import Testing

/// A request that was to buy content, and that the server took as management: it keeps the voucher and charges nothing.
@Suite("Answers without content")
struct NoContentTests {
  private func closes(_ fixture: SessionFixture) -> [UInt128] {
    fixture.seller.state.withLock { $0.vouchers.filter { $0.action == .close }.map(\.amount.units) }
  }

  @Test(
    "A 204 whose receipt shows no charge is no delivery: nothing was bought, and the close does not pay for it"
  )
  func uncharged() async throws {
    let fixture = try SessionFixture()
    _ = try await fixture.get()
    fixture.script(.manages)
    let answer = try await fixture.get()
    #expect(answer.status == .noContent)
    #expect(answer.payment?.amount == .zero)
    #expect(try await fixture.channel().delivered == Amount(units: 10_000))
    let outcome = try #require(try await fixture.client.close().first)
    #expect(outcome.captured == Amount(units: 10_000))
    #expect(closes(fixture) == [10_000])
  }

  @Test("So is an opening that is answered so: its voucher pays for the next request")
  func unchargedOpening() async throws {
    let fixture = try SessionFixture()
    fixture.script(.manages)
    #expect(try await fixture.get().payment?.amount == .zero)
    #expect(try await fixture.channel().delivered == .zero)
    #expect(try await fixture.channel().phase == "open")
    let next = try await fixture.get()
    #expect(next.status == .ok)
    #expect(next.payment?.amount == Amount(units: 10_000))
    #expect(fixture.vouchers == [10_000, 10_000])
    #expect(try await fixture.client.close().first?.captured == Amount(units: 10_000))
  }

  @Test("A 204 that was charged is a delivery")
  func charged() async throws {
    let fixture = try SessionFixture()
    for _ in 0..<3 {
      fixture.script(.noContent)
      #expect(try await fixture.get().payment?.amount == Amount(units: 10_000))
    }
    #expect(try await fixture.channel().delivered == Amount(units: 30_000))
    #expect(try await fixture.client.close().first?.captured == Amount(units: 30_000))
    #expect(closes(fixture) == [30_000])
  }

  @Test("What a server says it charged for others does not make a 204 a delivery")
  func together() async throws {
    let fixture = try SessionFixture()
    _ = try await fixture.get()
    fixture.seller.state.withLock { $0.script = [.manages, .serve, .manages, .serve, .manages, .serve] }
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<6 { group.addTask { _ = await failure { try await fixture.get() } } }
    }
    let spent = try #require(fixture.seller.state.withLock { $0.channels.values.first?.spent })
    #expect(spent >= Amount(units: 20_000))
    #expect(try await fixture.client.close().first?.captured == spent)
  }
}
