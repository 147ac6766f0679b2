import Foundation
import HTTPTypes
import MPPClient
import MPPCore
import Tempo
import TempoRPC
import Testing

@Suite("mpp serve", .timeLimit(.minutes(2)))
struct CLIServeTests {
  @Test func servesFreeAndAsksForPaymentThenEndsGracefully() async throws {
    try await CLIProgram.withMarket { market in
      let transport = AsyncHTTPClientTransport()
      let authority = String(market.serverURL.dropFirst("http://".count))
      func get(_ path: String) async throws -> (Int, HTTPFields, String) {
        let request = HTTPRequest(method: .get, scheme: "http", authority: authority, path: path)
        let answer = try await transport.send(request, body: nil, timeout: .seconds(10))
        return (answer.head.status.code, answer.head.headerFields, try await answer.body.text())
      }
      let free = try await get("/free")
      #expect(free.0 == 200)
      #expect(free.2.contains("free"))
      let paid = try await get("/session")
      #expect(paid.0 == 402)
      let challenge = try #require(try ChallengeList(fields: paid.1).challenges.first)
      #expect(challenge.method == "tempo")
      #expect(challenge.intent == "session")
      #expect(challenge.request.value()["amount"]?.stringValue == "10000")
      await transport.shutdown()
      market.server.signal(SIGTERM)
      #expect(await market.server.finish() == .code(0))
      #expect(market.server.errorLines.isEmpty)
    }
  }

  @Test func secretsNeverAppearInWhatItPrints() async throws {
    try await CLIProgram.withMarket { market in
      _ = try await market.pay()
      market.server.signal(SIGTERM)
      _ = await market.server.finish()
      #expect(!market.server.transcript.contains(CLIProgram.secret))
      #expect(!market.server.transcript.contains("59c6995e998f97a5"))
    }
  }

  @Test func restartedOnItsLedgerItGoesOnWithTheSameChannel() async throws {
    try await CLIProgram.inFolder { mpp in
      try await mpp.withChain { chainURL in
        let first = try await mpp.withServer(chainURL) { server, url in
          let market = CLIProgram.Market(mpp: mpp, chainURL: chainURL, serverURL: url, server: server)
          let result = try await market.pay("/session", ["--max-price", "0.01", "-n", "3", "--json"])
          #expect(result.exit == .code(0))
          server.signal(SIGTERM)
          #expect(await server.finish() == .code(0))
          return (url: url, channel: result.event("response")?["payment"]?["channel"]?.stringValue)
        }
        let port = try #require(URL(string: first.url)?.port)
        try await mpp.withServer(chainURL, ["--port", String(port)]) { server, url in
          let market = CLIProgram.Market(mpp: mpp, chainURL: chainURL, serverURL: url, server: server)
          let result = try await market.pay("/session", ["--max-price", "0.01", "--json"])
          let payment = try #require(result.event("response")?["payment"])
          #expect(payment["channel"]?.stringValue == first.channel)
          #expect(payment["actions"]?.arrayValue == ["voucher"])
          #expect(payment["receipt"]?["units"]?.intValue == 4)
        }
      }
    }
  }

  @Test(
    "A channel is settled on its schedule, before anybody closes it",
    arguments: [
      ["--settle-every-units", "5"], ["--settle-every-amount", "0.05"], ["--settle-every-seconds", "1"],
    ])
  func settlesOnItsSchedule(_ schedule: [String]) async throws {
    try await CLIProgram.inFolder { mpp in
      try await mpp.start(["devnet", "--port", "0", "--gas", "flat", "--log"]) { chain in
        let chainURL = try await chain.readyURL()
        try await mpp.withServer(chainURL, ["--port", "0"] + schedule) { server, url in
          let market = CLIProgram.Market(mpp: mpp, chainURL: chainURL, serverURL: url, server: server)
          let paid = try await market.pay("/session", ["--max-price", "0.01", "-n", "5"])
          #expect(paid.exit == .code(0), "\(paid.errorText)")
          // The opening and the settlement; without a schedule the second never comes.
          for _ in 0..<2 {
            while let line = await chain.nextLine(), !line.hasPrefix("block ") { continue }
          }
          let captured = 1_000_000 - (try await Self.reserve(chainURL))
          if schedule[0] == "--settle-every-seconds" {
            #expect(captured > 0 && captured <= 50_000 && captured % 10_000 == 0, "\(captured)")
          } else {
            #expect(captured == 50_000)
          }
          let closed = try await market.sessions("close", "--all", "--json")
          #expect(closed.exit == .code(0))
          #expect(closed.event("closed")?["captured"]?.stringValue == "50000")
          #expect(try await Self.reserve(chainURL) == 0)
        }
      }
    }
  }

  /// What all channels hold.
  private static func reserve(_ chainURL: String) async throws -> UInt128 {
    let chain = ChainClient(transport: AsyncHTTPRPCTransport(url: chainURL), clock: SystemWallClock())
    return try await chain.balance(of: TempoAddress.channelReserve, token: TempoAddress.pathUSD)
  }

  @Test func mistakesInTheSetUpSayWhatToDo() async throws {
    try await CLIProgram.inFolder { mpp in
      try await mpp.withChain(["--chain-id", "4242"]) { chainURL in
        let rpc = ["MPP_RPC_URL": chainURL]
        func serve(_ options: [String], _ environment: [String: String]) async throws -> CLIProgram.Result {
          let result = try await mpp.run(["serve", "--port", "0"] + options, environment: environment)
          #expect(result.output.isEmpty)
          return result
        }
        let noKey = try await serve([], rpc)
        #expect(noKey.exit == .code(64))
        #expect(noKey.errorText.contains("MPP_PRIVATE_KEY"))

        let noSecret = try await serve(["--key", "devnet:1"], rpc)
        #expect(noSecret.exit == .code(64))
        #expect(noSecret.errorText.contains("MPP_SECRET_KEY"))

        let weak = try await serve(["--key", "devnet:1"], rpc.merging(["MPP_SECRET_KEY": "short"]) { $1 })
        #expect(weak.exit == .code(64))
        #expect(weak.errorText.contains("openssl rand"))
        #expect(!weak.errorText.contains("short\n"))

        let openFile = mpp.folder + "/secret"
        FileManager.default.createFile(
          atPath: openFile, contents: Data(CLIProgram.secret.utf8), attributes: [.posixPermissions: 0o644])
        let readable = try await serve(["--key", "devnet:1", "--secret", openFile], rpc)
        #expect(readable.exit == .code(64))
        #expect(readable.errorText.contains("chmod 600"))

        let secret = rpc.merging(["MPP_SECRET_KEY": CLIProgram.secret]) { $1 }
        let otherChain = try await serve(["--key", "devnet:1", "--chain-id", "1"], secret)
        #expect(otherChain.exit == .code(64))
        #expect(otherChain.errorText.contains("4242"))

        let noChain = try await serve(["--key", "devnet:1"], ["MPP_SECRET_KEY": CLIProgram.secret])
        #expect(noChain.exit == .code(64))
        #expect(noChain.errorText.contains("mpp devnet"))

        let foreign = mpp.folder + "/ledger"
        FileManager.default.createFile(atPath: foreign, contents: Data("not a database at all".utf8))
        let damaged = try await serve(["--key", "devnet:1", "--ledger", foreign], secret)
        #expect(damaged.exit == .code(65))
        #expect(try String(contentsOfFile: foreign, encoding: .utf8) == "not a database at all")
      }
    }
  }

  @Test func takenPortExitsWithThree() async throws {
    try await CLIProgram.withMarket { market in
      let port = try #require(URL(string: market.serverURL)?.port)
      let second = try await market.mpp.run(
        ["serve", "--key", "devnet:1", "--ledger", "memory", "--port", String(port)],
        environment: ["MPP_RPC_URL": market.chainURL, "MPP_SECRET_KEY": CLIProgram.secret])
      #expect(second.exit == .code(3))
      #expect(second.event("ready") == nil)
    }
  }

  @Test func secondServerOnOneLedgerIsRefused() async throws {
    try await CLIProgram.withMarket { market in
      let second = try await market.mpp.run(
        ["serve", "--key", "devnet:1", "--port", "0"],
        environment: ["MPP_RPC_URL": market.chainURL, "MPP_SECRET_KEY": CLIProgram.secret])
      #expect(second.exit == .code(1))
      #expect(second.errorText.contains("another process"))
    }
  }
}
