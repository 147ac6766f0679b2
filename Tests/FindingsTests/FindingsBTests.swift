import MPPClient
import MPPCore
import PeerSupport
import Synchronization
import Testing

/// 09 B: what holds for HTTP sessions already.
@Suite("Findings B", .timeLimit(.minutes(3)))
struct FindingsBTests {
  @Test("Payments that failed or were not acknowledged are not part of the close amount", arguments: 0..<4)
  func findingB9(failing: Int) async throws {
    for behaviour in [TestSeller.Behaviour.loseRequest, .handlerFails, .refuse] {
      let fixture = try SessionFixture.overSocket()
      _ = try await fixture.get()
      var delivered: UInt128 = 1
      for index in 0..<4 {
        let repeated = behaviour == .refuse ? 6 : 1
        if index == failing {
          fixture.seller.state.withLock { $0.script = Array(repeating: behaviour, count: repeated) }
        }
        if await failure({ try await fixture.get() }) == nil, behaviour != .handlerFails || index != failing {
          delivered += 1
        }
        fixture.seller.state.withLock { $0.script = [] }
      }
      let outcome = try #require(try await fixture.client.close().first)
      #expect(outcome.error == nil)
      #expect(outcome.amount.units == delivered * 10_000, "\(behaviour)")
      #expect(outcome.captured?.units == delivered * 10_000, "\(behaviour)")
    }
  }
}
