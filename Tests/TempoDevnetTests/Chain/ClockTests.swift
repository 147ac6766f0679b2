import EVM
import MPPCore
import Synchronization
import Tempo
import TempoDevnet
import Testing

/// `03` §4: whose time it is.
@Suite struct Clocks {
  final class WallClockInHand: WallClock {
    private let time: Mutex<Timestamp>
    init(_ time: Timestamp) { self.time = Mutex(time) }
    var now: Timestamp { time.withLock { $0 } }
    func set(_ new: Timestamp) { time.withLock { $0 = new } }
  }

  private func latest(_ devnet: Devnet) async throws -> String? {
    let body = #"{"jsonrpc":"2.0","id":1,"method":"eth_getBlockByNumber","params":["latest",false]}"#
    let answer = try JSONValue(parsing: await devnet.handle(Array(body.utf8)))
    return answer["result"]?["timestamp"]?.stringValue
  }

  @Test func theSystemClockIsFollowed() async throws {
    let wall = WallClockInHand(Timestamp(seconds: 1_700_000_000))
    let devnet = try Devnet(configuration: .commandLine(), wallClock: wall)
    #expect(try await latest(devnet) == Hex.quantity(1_700_000_000 as UInt64))
    wall.set(Timestamp(seconds: 1_700_000_060))
    #expect(try await latest(devnet) == Hex.quantity(1_700_000_060 as UInt64))
    devnet.clock.advance(seconds: 40)
    #expect(devnet.clock.now == Timestamp(seconds: 1_700_000_100))
    #expect(try await latest(devnet) == Hex.quantity(1_700_000_100 as UInt64))
  }

  @Test func blocksNeverGoBack() async throws {
    let devnet = try Devnet()
    devnet.clock.advance(seconds: 100)
    devnet.mine()
    devnet.clock.set(Timestamp(seconds: Int64(Harness.t0)))
    devnet.mine()
    #expect(try await latest(devnet) == Hex.quantity(Harness.t0 + 100))
  }

  @Test func windowsCanBeJudgedByTheWallClock() async throws {
    let wall = WallClockInHand(Timestamp(seconds: Int64(Harness.t0)))
    var configuration = DevnetConfiguration()
    configuration.validityClock = .wall
    let h = Harness(devnet: try Devnet(configuration: configuration, wallClock: wall))
    let raw = try h.raw([h.transfer(1, to: h.payee.address)], from: h.payer)
    h.devnet.clock.advance(seconds: 100_000)
    #expect(try await h.refusal(raw) == nil)
    // The replay set follows the same clock as the windows.
    #expect(try await h.refusal(raw)?.message.contains("ExpiringNonceReplay") == true)
    let late = try h.raw([h.transfer(2, to: h.payee.address)], from: h.payer) {
      $0.validBefore = Harness.t0 + 25
    }
    wall.set(Timestamp(seconds: Int64(Harness.t0) + 25))
    #expect(try await h.refusal(late)?.message.contains("transaction expired") == true)
  }
}
