import EVM
import Foundation
import MPPCore
import Tempo
import TempoRPC
import Testing

@Suite("mpp request", .timeLimit(.minutes(2)))
struct CLIRequestTests {
  /// Nothing of the payer has reached the chain.
  private func expectNothingSigned(_ market: CLIProgram.Market) async throws {
    let chain = ChainClient(transport: AsyncHTTPRPCTransport(url: market.chainURL), clock: SystemWallClock())
    #expect(try await chain.balance(of: TempoAddress.channelReserve, token: TempoAddress.pathUSD) == 0)
    let payer = try Secp256k1PrivateKey(hex: CLIProgram.payerKey).address
    #expect(
      try await chain.balance(of: payer, token: TempoAddress.pathUSD) == 1_000_000_000_000)
    let listed = try await market.sessions("list", "--all", "--json")
    #expect(listed.exit == .code(0))
    #expect(listed.output.isEmpty)
  }

  @Test func freeResourceNeedsNoAccountAndNoChain() async throws {
    try await CLIProgram.withMarket { market in
      let result = try await market.mpp.run(["request", market.serverURL + "/free"])
      #expect(result.exit == .code(0))
      #expect(result.output.count == 1)
      #expect(try JSONValue(parsing: result.output[0])["message"] != nil)
      #expect(result.errors.isEmpty)
      #expect(!FileManager.default.fileExists(atPath: market.mpp.folder + "/state/mpp/journal.db"))
    }
  }

  @Test func withoutALimitNothingIsPaidAndThePriceIsTold() async throws {
    try await CLIProgram.withMarket { market in
      let result = try await market.pay("/session", [])
      #expect(result.exit == .code(77))
      #expect(result.errorText.contains("--max-price 0.01"))
      try await expectNothingSigned(market)
    }
  }

  @Test(arguments: [
    ["--max-price", "0.009999"], ["--max-price", "0.01", "--max-deposit", "0.009"],
    ["--max-price", "0.01", "--max-per-day", "0.009"],
  ])
  func refusalByPolicySignsNothing(limits: [String]) async throws {
    try await CLIProgram.withMarket { market in
      let result = try await market.pay("/session", limits + ["--json"])
      #expect(result.exit == .code(77))
      let error = try #require(result.event("error"))
      #expect(error["code"]?.stringValue == "refused-by-policy")
      #expect(error["exposure"]?["authorized"]?.stringValue == "0")
      #expect(error["exposure"]?["deposit"]?.stringValue == "0")
      #expect(result.event("summary")?["exitCode"]?.intValue == 77)
      #expect(result.event("summary")?["paid"]?.stringValue == "0")
      #expect(result.errorText.contains("--max-price"))
      try await expectNothingSigned(market)
    }
  }

  @Test func paysAndPrintsTheBody() async throws {
    try await CLIProgram.withMarket { market in
      let result = try await market.pay()
      #expect(result.exit == .code(0))
      #expect(try JSONValue(parsing: result.output.joined())["request"]?.intValue == 1)
      #expect(result.errorText.contains("paid 0.01"))
      #expect(result.errorText.contains("mpp sessions close 0x"))

      let silent = try await market.pay("/session", ["--max-price", "0.01", "-s", "-i"])
      #expect(silent.exit == .code(0))
      #expect(silent.errors.isEmpty)
      #expect(silent.output.first == "HTTP/1.1 200 OK")
      #expect(silent.output.contains { $0.lowercased().hasPrefix("payment-receipt: ") })
      #expect(silent.output.last.map { $0.contains("\"request\":2") } == true)
    }
  }

  @Test func eventsHaveTheDocumentedShape() async throws {
    try await CLIProgram.withMarket { market in
      let result = try await market.pay("/session", ["--max-price", "0.01", "--json", "--close", "-i"])
      #expect(result.exit == .code(0))
      #expect(result.output.count == result.events.count)
      func keys(_ value: JSONValue?) -> [String] { value?.objectValue?.map(\.key) ?? [] }
      let response = try #require(result.event("response"))
      #expect(keys(response) == ["event", "index", "status", "payment", "headers", "body"])
      let payment = response["payment"]
      #expect(
        keys(payment) == [
          "amount", "token", "method", "intent", "channel", "authorized", "actions", "receipt",
        ])
      #expect(payment?["amount"]?.stringValue == "10000")
      #expect(payment?["actions"]?.arrayValue?.first?.stringValue == "open")
      #expect(keys(payment?["receipt"]) == ["reference", "accepted", "spent", "units", "transaction"])
      #expect(payment?["receipt"]?["transaction"]?.stringValue?.hasPrefix("0x") == true)
      let closed = try #require(result.event("closed"))
      #expect(
        keys(closed) == [
          "event", "channel", "amount", "captured", "refunded", "transaction", "disputed", "code",
          "message",
        ])
      #expect(closed["captured"]?.stringValue == "10000")
      #expect(closed["refunded"]?.stringValue == "990000")
      #expect(keys(result.events.last) == ["event", "requests", "failed", "paid", "exitCode"])
    }
  }

  @Test func manyAtOncePayEachOnce() async throws {
    try await CLIProgram.withMarket { market in
      let options = ["--max-price", "0.01", "-n", "60", "--concurrency", "8", "--json", "--close"]
      let result = try await market.pay("/session", options)
      #expect(result.exit == .code(0))
      let responses = result.events.filter { $0["event"]?.stringValue == "response" }
      let authorized = responses.compactMap { $0["payment"]?["authorized"]?.stringValue }.compactMap {
        UInt128($0)
      }
      // Every voucher is a whole number of prices, and together they authorise 60 of them, not one more.
      #expect(authorized.count == 60)
      #expect(authorized.allSatisfy { $0.isMultiple(of: CLIProgram.price) })
      #expect(authorized.max() == 60 * CLIProgram.price)
      #expect(Set(responses.compactMap { $0["index"]?.intValue }) == Set(1...60))
      #expect(result.event("closed")?["captured"]?.stringValue == "600000")
      let summary = try #require(result.event("summary"))
      #expect(summary["requests"]?.intValue == 60)
      #expect(summary["failed"]?.intValue == 0)
      #expect(summary["paid"]?.stringValue == "600000")
    }
  }

  @Test func dayLimitHoldsAcrossRuns() async throws {
    try await CLIProgram.withMarket { market in
      // Three prices and the fee of the opening.
      let limits = ["--max-price", "0.01", "--max-per-day", "0.035", "-n", "2"]
      #expect(try await market.pay("/session", limits).exit == .code(0))
      let second = try await market.pay("/session", limits + ["--json"])
      #expect(second.exit == .code(77))
      #expect(second.event("summary")?["requests"]?.intValue == 1)
    }
  }

  @Test func httpErrorHasItsOwnCode() async throws {
    try await CLIProgram.withMarket { market in
      let result = try await market.pay("/nothing-here")
      #expect(result.exit == .code(22))
      #expect(result.errorText.contains("404"))
    }
  }

  @Test func paymentThatFailsHasItsOwnCode() async throws {
    try await CLIProgram.withMarket { market in
      // An account without money: the opening is refused.
      let poor = "0x" + String(repeating: "11", count: 32)
      let refused = try await market.pay(environment: ["MPP_PRIVATE_KEY": poor])
      #expect(refused.exit == .code(75))
      // Another chain than the one the server is paid on.
      try await market.mpp.withChain(["--chain-id", "4242"]) { otherChain in
        let wrong = try await market.pay(environment: ["MPP_RPC_URL": otherChain])
        #expect(wrong.exit == .code(75))
        #expect(wrong.errorText.contains("4242"))
      }
      try await expectNothingSigned(market)
    }
  }

  @Test func unreachableServerHasItsOwnCode() async throws {
    try await CLIProgram.inFolder { mpp in
      let url = try await mpp.withChain { $0 }
      let result = try await mpp.run(
        ["request", url, "--max-price", "0.01", "--key", "devnet:2", "--rpc", "http://127.0.0.1:9"])
      #expect(result.exit == .code(7))
      #expect(result.errorText.contains("nothing was paid"))
    }
  }

  @Test(arguments: [
    ["ftp://127.0.0.1/"], ["http://user@127.0.0.1/"], ["http://127.0.0.1/", "-H", "no colon"],
    ["http://127.0.0.1/", "-n", "0"], ["http://127.0.0.1/", "--concurrency", "0"],
    ["http://127.0.0.1/", "--max-price", "1.0000001"], ["http://127.0.0.1/", "--max-price", "0"],
    ["http://127.0.0.1/", "--max-deposit", "1"], ["http://127.0.0.1/", "--no-such-option"], [],
    ["http://127.0.0.1/", "--max-price", "1", "--rpc", "nonsense", "--key", "devnet:1"],
    ["http://127.0.0.1/", "--max-price", "1", "--rpc", "http://127.0.0.1:9", "--key", "devnet:99"],
    ["http://127.0.0.1/", "--max-price", "1", "--rpc", "http://127.0.0.1:9", "--key", "/no/such/file"],
    ["http://127.0.0.1/", "-d", "@/no/such/file"], ["http://127.0.0.1/", "-X", "B AD"],
  ])
  func usageErrorsExitWith64(arguments: [String]) async throws {
    try await CLIProgram.inFolder { mpp in
      let result = try await mpp.run(["request"] + arguments)
      #expect(result.exit == .code(64))
      #expect(result.output.isEmpty)
      #expect(!result.errors.isEmpty)
      #expect(!result.errorText.contains("Fatal error"))
    }
  }

  @Test func foreignJournalIsLeftAlone() async throws {
    try await CLIProgram.withMarket { market in
      let path = market.mpp.folder + "/journal"
      FileManager.default.createFile(atPath: path, contents: Data("precious notes".utf8))
      let result = try await market.pay("/session", ["--max-price", "0.01", "--journal", path])
      #expect(result.exit == .code(65))
      #expect(try String(contentsOfFile: path, encoding: .utf8) == "precious notes")
      try await expectNothingSigned(market)
    }
  }

  @Test func keyOnTheCommandLineIsTakenWithAWarning() async throws {
    try await CLIProgram.withMarket { market in
      let result = try await market.pay("/session", ["--max-price", "0.01", "--key", CLIProgram.payerKey])
      #expect(result.exit == .code(0))
      #expect(result.errorText.contains("warning"))
      #expect(!result.errorText.contains(CLIProgram.payerKey))
    }
  }

  @Test func interruptedItStopsInOrderAndTheRestComesBack() async throws {
    try await CLIProgram.withMarket { market in
      let options = ["--max-price", "0.01", "-n", "1000000", "--concurrency", "4", "--json"]
      let delivered = try await market.mpp.start(
        ["request", market.serverURL + "/session"] + options, environment: market.payer()
      ) { child in
        for _ in 1...20 { _ = try await child.event("response") }
        child.signal(SIGINT)
        #expect(await child.finish() == .code(130))
        return child.outputLines.count { $0.contains("\"event\":\"response\"") }
      }
      let closed = try await market.sessions("close", "--all", "--json")
      #expect(closed.exit == .code(0))
      let captured = try #require(closed.event("closed")?["captured"]?.stringValue.flatMap { UInt128($0) })
      // The requests on their way when it was interrupted have ended: what was printed is what was paid.
      #expect(captured == UInt128(delivered) * CLIProgram.price)
    }
  }
}
