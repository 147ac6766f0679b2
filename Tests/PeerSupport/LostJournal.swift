package import EVM
package import MPPClient
package import MPPCore
package import MPPTempo
package import MPPTempoClient
import Synchronization
package import TempoRPC

/// A buyer who has paid some requests on a channel and lost the journal.
package struct LostJournal {
  package let before: SessionFixture
  package let desk: BootstrapDesk
  /// The channel that the journal knew.
  package let channel: String

  /// - Parameters:
  ///   - paid: requests of 10 000 base units each.
  ///   - deposit: of the channel, base units.
  package init(paid: Int = 3, deposit: Int = 100_000) async throws {
    before = try SessionFixture()
    before.seller.state.withLock { $0.suggestedDeposit = Amount(units: UInt128(deposit)) }
    desk = try BootstrapDesk(before.seller)
    for _ in 0..<paid { _ = try await before.get() }
    channel = paid > 0 ? try await before.channel().id : ""
  }

  /// A client with the same key that asks first.
  package func client(
    spending: SpendPolicy? = nil, journal: TestJournal = TestJournal(), bootstrap: Bool = true,
    client options: ClientOptions = ClientOptions(), sleeper: any Sleeper = TaskSleeper()
  ) throws -> SessionFixture {
    var sessions = TempoSessionOptions()
    sessions.bootstrap = bootstrap
    return try SessionFixture(
      spending: spending, journal: journal, devnet: before.devnet, seller: before.seller, transport: desk,
      options: sessions, client: options, sleeper: sleeper, seed: desk.nextSeed())
  }

  /// Everything that was presented on a channel since `count` vouchers, base units.
  package func vouchers(on id: String, after count: Int = 0) -> [UInt128] {
    before.seller.state.withLock { state in
      state.vouchers.dropFirst(count).filter { $0.channel.hex == id }.map(\.amount.units)
    }
  }
}
