import EVM
import Foundation
import HTTPTypes
import MPPCore
import MPPTempo
import MPPTempoServer
import MPPTesting
import MarketplaceSupport
import TempoDevnet
import TempoRPC
import Testing

@Suite("A client that is killed", .serialized, .timeLimit(.minutes(2)))
struct ClientKillTests {
  /// 20 moments under load. The next client goes on with the channel of the journal, and pays for nothing twice.
  @Test func twentyKillsUnderLoad() async throws {
    let seed = KillSeed.value
    let random = SeededRandom(seed: seed)
    try await Marketplace.run { market in
      let shop = try await Self.shop(market)
      for round in 1...20 {
        let lines = 1 + Int(random.next() % 24)
        try await Self.pay(market, shop, ["-n", "100000"]) { child in
          for _ in 0..<lines {
            guard let line = await child.nextLine() else { break }
            #expect(line.contains("\"status\":200"), "seed \(seed), round \(round): \(child.transcript)")
          }
          child.signal(SIGKILL)
          await child.wait()
        }
        let record = try #require(try await shop.records().first, "seed \(seed), round \(round)")
        #expect(try await shop.records().count == 1, "seed \(seed), round \(round)")
        #expect(record.spent <= record.accepted && record.accepted <= record.deposit)
        #expect(record.spent.units <= UInt128(shop.log.served) * Marketplace.price.units)
      }
      try await Self.pay(market, shop, ["-n", "1", "--close"]) { child in
        #expect(await child.finish() == .code(0), "seed \(seed): \(child.transcript)")
      }
      let record = try #require(try await shop.records().first)
      let history = try #require(try market.devnet.channelHistories().first)
      #expect(try market.devnet.channelHistories().count == 1)
      #expect(history.closes == 1)
      #expect(history.captured == record.spent)
      #expect(record.spent.units <= UInt128(shop.log.served) * Marketplace.price.units)
      #expect(try await market.audit(shop) == [])
      print("client kills: seed \(seed), \(shop.log.served) served, \(record.units) charged")
    }
  }

  /// By the clock of the other process.
  private static func shop(_ market: Marketplace) async throws -> Shop {
    try await market.shop { options in
      options.clock = SystemWallClock()
      options.tempo = { $0.sleeper = TaskSleeper() }
    }
  }

  /// `mpp request` with one journal for all runs.
  private static func pay(
    _ market: Marketplace, _ shop: Shop, _ options: [String], _ body: (ChildProcess) async throws -> Void
  ) async throws {
    let mpp = CLIProgram(folder: market.folder)
    let arguments =
      [
        "request", shop.url + "/ping", "--json", "--silent", "--max-price", "0.01", "--max-deposit", "100",
        "--rpc", market.rpcURL, "--key", "devnet:1", "--journal", market.path("payer.db"),
      ] + options
    try await mpp.start(arguments, body)
  }
}
