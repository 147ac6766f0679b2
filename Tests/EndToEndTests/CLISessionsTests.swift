import EVM
import Foundation
import MPPCore
import Tempo
import TempoRPC
import Testing

@Suite("mpp sessions", .timeLimit(.minutes(2)))
struct CLISessionsTests {
  @Test func listsAndCloses() async throws {
    try await CLIProgram.withMarket { market in
      let empty = try await market.sessions("list")
      #expect(empty.exit == .code(0))
      #expect(empty.output == ["No channels."])

      _ = try await market.pay("/session", ["--max-price", "0.01", "-n", "3"])
      let listed = try await market.sessions("list", "--json")
      let channel = try #require(listed.events.first)
      #expect(listed.events.count == 1)
      #expect(
        channel.objectValue?.map(\.key) == [
          "event", "id", "phase", "origin", "resource", "chainId", "payer", "payee", "token", "deposit",
          "authorized", "delivered", "spent", "settled", "refundable", "closeRequestedAt", "withdrawableAt",
          "disputed", "note",
        ])
      #expect(channel["phase"]?.stringValue == "open")
      #expect(channel["deposit"]?.stringValue == "1000000")
      #expect(channel["delivered"]?.stringValue == "30000")
      #expect(channel["origin"]?.stringValue == market.serverURL)
      let table = try await market.sessions("list")
      #expect(table.output.count == 2)
      #expect(table.output.last?.contains("0.03") == true)

      let id = try #require(channel["id"]?.stringValue)
      let closed = try await market.sessions("close", String(id.prefix(12)), "--json")
      #expect(closed.exit == .code(0))
      #expect(closed.event("closed")?["channel"]?.stringValue == id)
      #expect(closed.event("closed")?["captured"]?.stringValue == "30000")
      #expect(closed.event("closed")?["refunded"]?.stringValue == "970000")

      #expect(try await market.sessions("list", "--json").output.isEmpty)
      #expect(
        try await market.sessions("list", "--all", "--json").events.first?["phase"]?.stringValue == "closed")
      let recovered = try await market.sessions("recover")
      #expect(recovered.output == ["Nothing is left to recover."])
      #expect(!recovered.errorText.contains("before block"))
      let cutOff = try await market.sessions("recover", "--blocks", "1")
      #expect(cutOff.exit == .code(0))
      #expect(cutOff.output == ["Nothing is left to recover."])
      #expect(cutOff.errorText.contains("channels opened before block"))
    }
  }

  @Test("recover shows what it closed, with what was paid and what came back")
  func recoverShowsWhatItDid() async throws {
    try await CLIProgram.withMarket { market in
      _ = try await market.pay("/session", ["--max-price", "0.01", "-n", "3"])
      let kept = try await market.sessions("recover", "--json")
      #expect(kept.event("channel")?["phase"]?.stringValue == "open")
      #expect(kept.event("channel")?["refunded"]?.isNull == true)
      let recovered = try await market.sessions("recover", "--all", "--json")
      #expect(recovered.exit == .code(0))
      #expect(recovered.events.count == 1)
      #expect(recovered.event("channel")?["phase"]?.stringValue == "closed")
      #expect(recovered.event("channel")?["captured"]?.stringValue == "30000")
      #expect(recovered.event("channel")?["refunded"]?.stringValue == "970000")
      #expect(try await market.sessions("recover", "--all", "--json").events.isEmpty)

      _ = try await market.pay()
      let told = try await market.sessions("recover", "--all")
      #expect(told.output.count == 2)
      #expect(told.output.first?.contains("0.01 paid in all, 0.99 returned") == true, "\(told.output)")
      #expect(told.output.last == "Nothing is left to recover.")
    }
  }

  @Test func stateIsForThisUserAlone() async throws {
    try await CLIProgram.withMarket { market in
      _ = try await market.pay()
      let folder = market.mpp.folder + "/state/mpp"
      func mode(_ path: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return try #require((attributes[.posixPermissions] as? NSNumber)?.intValue) & 0o777
      }
      #expect(try mode(folder) == 0o700)
      let files = try FileManager.default.contentsOfDirectory(atPath: folder)
      #expect(files.contains("journal.db"))
      for file in files { #expect(try mode(folder + "/" + file) == 0o600, "\(file)") }
    }
  }

  @Test func unknownChannelAndMissingChoiceAreUsageErrors() async throws {
    try await CLIProgram.withMarket { market async throws in
      #expect(try await market.sessions("close", "0xabc").exit == .code(64))
      #expect(try await market.sessions("close").exit == .code(64))
      #expect(try await market.sessions("close", "0xabc", "--all").exit == .code(64))
    }
  }

  /// The server is gone for good: the deposit comes back over the chain alone, after the grace period.
  @Test func recoversFromAServerThatIsGone() async throws {
    try await CLIProgram.inFolder { mpp in
      try await mpp.withChain { chainURL in
        let market = try await mpp.withServer(chainURL) { server, url in
          let market = CLIProgram.Market(mpp: mpp, chainURL: chainURL, serverURL: url, server: server)
          _ = try await market.pay()
          server.signal(SIGKILL)
          _ = await server.finish()
          return market
        }
        let failed = try await market.sessions("close", "--all")
        #expect(failed.exit == .code(75))
        #expect(failed.errorText.contains("recover --all"))

        let requested = try await market.sessions("recover", "--all", "--json")
        #expect(requested.exit == .code(75))
        #expect(requested.event("channel")?["phase"]?.stringValue == "closeRequested")
        #expect(requested.event("channel")?["withdrawableAt"]?.stringValue != nil)

        let transport = AsyncHTTPRPCTransport(url: chainURL)
        let body = #"{"jsonrpc":"2.0","id":1,"method":"evm_increaseTime","params":[1000]}"#
        _ = try await transport.send(Array(body.utf8), timeoutMilliseconds: 5_000)

        let withdrawn = try await market.sessions("recover", "--all", "--json")
        #expect(withdrawn.exit == .code(0))
        let chain = ChainClient(transport: transport, clock: SystemWallClock())
        #expect(
          try await chain.balance(of: TempoAddress.channelReserve, token: TempoAddress.pathUSD) == 0)
      }
    }
  }
}
