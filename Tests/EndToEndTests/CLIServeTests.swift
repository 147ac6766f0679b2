import Foundation
import HTTPTypes
import MPPClient
import MPPCore
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

  @Test func settlesOnItsSchedule() async throws {
    try await CLIProgram.withMarket(server: ["--port", "0", "--settle-every-units", "5"]) { market in
      _ = try await market.pay("/session", ["--max-price", "0.01", "-n", "5"])
      // The settlement runs behind the requests; the close waits for it or overtakes it, and captures the rest.
      let closed = try await market.sessions("close", "--all", "--json")
      #expect(closed.exit == .code(0))
      #expect(closed.event("closed")?["captured"]?.stringValue == "50000")
    }
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
