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
        try await Self.pay(market, shop, ["-n", "100000", "--concurrency", "4"]) { child in
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

  /// Killed while the server opens its channel. The next client finds the deposit in the journal, goes on with that one
  /// channel, and pays no deposit and no request twice.
  @Test(arguments: ChainHook.Moment.allCases)
  func killedWhileItsChannelIsOpened(moment: ChainHook.Moment) async throws {
    try await Marketplace.run { market in
      let hook = ChainHook(AsyncHTTPRPCTransport(url: market.rpcURL), moment)
      let shop = try await Self.shop(market) { $0.transport = hook }
      hook.arm()
      try await Self.pay(market, shop, ["-n", "1"]) { child in
        await hook.reached.wait()
        child.signal(SIGKILL)
        #expect(await child.wait() == .signal(SIGKILL), "\(child.transcript)")
      }
      // Known before anybody looks at the chain.
      let listed = try await Self.sessions(market, "list", "--json")
      #expect(listed.events.count == 1, "\(listed)")
      #expect(listed.events.first?["phase"]?.stringValue == "opening", "\(listed)")
      #expect(listed.events.first?["deposit"]?.stringValue == "1000000", "\(listed)")
      hook.goOn.open()
      try await Self.pay(market, shop, ["-n", "3", "--close"]) { child in
        #expect(await child.finish() == .code(0), "\(child.transcript)")
      }
      let histories = try market.devnet.channelHistories()
      let record = try #require(try await shop.records().first)
      #expect(
        histories.map(\.opens) == [1] && histories.map(\.closes) == [1] && histories.map(\.topUps) == [0])
      #expect(histories.first?.captured == record.spent)
      #expect(record.units == 3 || record.units == 4 && shop.log.served == 4, "\(record.units) charged")
      #expect(try await market.audit(shop) == [])
      #expect(try await Self.sessions(market, "recover").output == ["Nothing is left to recover."])
    }
  }

  /// Killed, and its journal lost: the chain alone still leads to the deposit (U8).
  @Test func killedWhileItsChannelIsOpenedAndItsJournalLost() async throws {
    try await Marketplace.run { market in
      let hook = ChainHook(AsyncHTTPRPCTransport(url: market.rpcURL), .afterTheBroadcast)
      let shop = try await Self.shop(market) { $0.transport = hook }
      hook.arm()
      try await Self.pay(market, shop, ["-n", "1"]) { child in
        await hook.reached.wait()
        child.signal(SIGKILL)
        await child.wait()
      }
      for file in ["", "-wal", "-shm"] {
        try? FileManager.default.removeItem(atPath: market.path("payer.db" + file))
      }
      hook.goOn.open()
      _ = try await Self.sessions(market, "recover")
      let listed = try await Self.sessions(market, "list", "--json")
      #expect(listed.events.map { $0["deposit"]?.stringValue } == ["1000000"], "\(listed)")
      #expect(try market.devnet.channelHistories().map(\.closeRequests) == [1])
    }
  }

  private static func sessions(_ market: Marketplace, _ arguments: String...) async throws
    -> CLIProgram.Result
  {
    try await CLIProgram(folder: market.folder).run(
      ["sessions"] + arguments + [
        "--rpc", market.rpcURL, "--key", "devnet:1", "--journal", market.path("payer.db"),
      ])
  }

  /// By the clock of the other process.
  private static func shop(
    _ market: Marketplace, _ change: @escaping @Sendable (inout TempoSessionOptions) -> Void = { _ in }
  ) async throws -> Shop {
    try await market.shop { options in
      options.clock = SystemWallClock()
      options.tempo = {
        $0.sleeper = TaskSleeper()
        change(&$0)
      }
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
