import EVM
import MPPCore
import Tempo
import TempoRPC
import Testing

/// `mpp request` against every path of `mpp serve`.
@Suite("mpp request, charges", .timeLimit(.minutes(2)))
struct CLIChargeTests {
  private func balance(_ market: CLIProgram.Market) async throws -> UInt128 {
    let chain = ChainClient(transport: AsyncHTTPRPCTransport(url: market.chainURL), clock: SystemWallClock())
    let payer = try Secp256k1PrivateKey(hex: CLIProgram.payerKey).address
    return try await chain.balance(of: payer, token: TempoAddress.pathUSD)
  }

  static let start: UInt128 = 1_000_000_000_000

  @Test(
    "Every path is paid in its way, and costs what it says",
    arguments: [
      ("/charge", [], "pull", "10000"), ("/charge", ["--mode", "push"], "push", "10000"),
      ("/charge/push", [], "push", "10000"), ("/charge/sponsored", [], "pull", "10000"),
      ("/charge/zero", [], "proof", "0"), ("/multi", [], "pull", "10000"),
      ("/multi", ["--via", "tempo/charge"], "pull", "10000"),
      ("/multi", ["--via", "tempo/session", "--close"], "open", "10000"),
      ("/session", ["--via", "tempo/session", "--close"], "open", "10000"),
    ] as [(String, [String], String, String)])
  func paths(path: String, options: [String], action: String, amount: String) async throws {
    try await CLIProgram.withMarket { market in
      let before = try await balance(market)
      #expect(before == Self.start)
      let result = try await market.pay(path, ["--max-price", "0.01", "--json"] + options)
      #expect(result.exit == .code(0), "\(result.errorText)")
      let payment = try #require(result.event("response")?["payment"])
      #expect(payment["actions"]?.arrayValue?.first?.stringValue == action)
      #expect(payment["amount"]?.stringValue == amount)
      #expect(result.event("summary")?["paid"]?.stringValue == amount)
      let spent = before - (try await balance(market))
      switch path {
      case "/charge/zero": #expect(spent == 0)
      case "/charge/sponsored": #expect(spent == 10_000)
      default: #expect(spent > 10_000 && spent < 20_000)
      }
    }
  }

  @Test func eventsOfAChargeHaveTheDocumentedShape() async throws {
    try await CLIProgram.withMarket { market in
      let result = try await market.pay("/charge", ["--max-price", "0.01", "--json"])
      let response = try #require(result.event("response"))
      #expect(response["payment"]?["intent"]?.stringValue == "charge")
      #expect(response["payment"]?["channel"]?.isNull == true)
      #expect(response["payment"]?["authorized"]?.stringValue == "10000")
      let receipt = response["payment"]?["receipt"]
      #expect(receipt?["transaction"]?.stringValue?.utf8.count == 66)
      #expect(receipt?["reference"]?.stringValue == receipt?["transaction"]?.stringValue)
      for name in ["accepted", "spent", "units"] { #expect(receipt?[name]?.isNull == true, "\(name)") }
      let body = try JSONValue(parsing: try #require(response["body"]?.stringValue))
      #expect(body["method"]?.stringValue == "tempo/charge")
      #expect(body["reference"]?.stringValue == receipt?["transaction"]?.stringValue)

      let proof = try await market.pay("/charge/zero", ["--max-price", "0.01", "--json"])
      let proved = proof.event("response")?["payment"]
      #expect(proved?["receipt"]?["transaction"]?.isNull == true)
      #expect(proved?["receipt"]?["reference"]?.stringValue?.utf8.count == 43)
    }
  }

  @Test(
    "What the limits do not name is not paid",
    arguments: [
      ("/charge", ["--max-price", "0.009999"]),
      ("/charge", ["--max-price", "0.01", "--via", "tempo/session"]),
      ("/session", ["--max-price", "0.01", "--via", "tempo/charge"]),
      ("/charge", ["--max-price", "0.01", "--currency", "0x20c0000000000000000000000000000000000001"]),
      ("/multi", ["--max-price", "0.01", "--recipient", "0x70997970C51812dc3A010C7d01b50e0d17dc79C9"]),
      ("/charge", []), ("/charge/zero", []), ("/multi", []),
    ] as [(String, [String])])
  func refusals(path: String, options: [String]) async throws {
    try await CLIProgram.withMarket { market in
      let result = try await market.pay(path, options)
      #expect(result.exit == .code(77), "\(result.errorText)")
      #expect(result.errorText.contains("--max-price"))
      #expect(try await balance(market) == Self.start)
    }
  }

  @Test func aTokenThatIsNoDollarIsPaidOnlyWhenItIsNamed() async throws {
    let token = TempoAddress.betaUSD.hex
    try await CLIProgram.inFolder { mpp in
      try await mpp.withChain { chainURL in
        try await mpp.withServer(chainURL, ["--port", "0", "--currency", token]) { server, url in
          let market = CLIProgram.Market(mpp: mpp, chainURL: chainURL, serverURL: url, server: server)
          let refused = try await market.pay("/charge", ["--max-price", "0.01"])
          #expect(refused.exit == .code(77))
          #expect(refused.errorText.contains("--currency"))
          for path in ["/charge", "/charge/sponsored", "/multi"] {
            let paid = try await market.pay(path, ["--max-price", "0.01", "--currency", token, "--json"])
            #expect(paid.exit == .code(0), "\(paid.errorText)")
            #expect(paid.event("response")?["payment"]?["token"]?.stringValue == token)
          }
        }
      }
    }
  }

  @Test func feesMayBePaidByAHost() async throws {
    try await CLIProgram.inFolder { mpp in
      try await mpp.withChain { chainURL in
        let options = ["--port", "0", "--fee-payer", chainURL + "/sponsor"]
        try await mpp.withServer(chainURL, options) { server, url in
          let market = CLIProgram.Market(mpp: mpp, chainURL: chainURL, serverURL: url, server: server)
          let result = try await market.pay("/charge/sponsored", ["--max-price", "0.01", "--json"])
          #expect(result.exit == .code(0), "\(result.errorText)")
          #expect(Self.start - (try await balance(market)) == 10_000)
        }
        let serve = ["serve", "--rpc", chainURL, "--key", "devnet:1", "--port", "0", "--ledger", "memory"]
        for options in [
          ["--fee-payer", "http://example.com"], ["--fee-payer", chainURL, "--sponsor", "devnet:3"],
        ] {
          let refused = try await mpp.run(serve + options, environment: ["MPP_SECRET_KEY": CLIProgram.secret])
          #expect(refused.exit == .code(64), "\(refused.errorText)")
        }
      }
    }
  }

  @Test func manyChargesPayEachOnce() async throws {
    try await CLIProgram.withMarket { market in
      let options = ["--max-price", "0.01", "-n", "6", "--concurrency", "3", "--json"]
      let result = try await market.pay("/charge/sponsored", options)
      #expect(result.exit == .code(0), "\(result.errorText)")
      let responses = result.events.filter { $0["event"]?.stringValue == "response" }
      let transactions = responses.compactMap { $0["payment"]?["receipt"]?["transaction"]?.stringValue }
      #expect(Set(transactions).count == 6)
      #expect(Self.start - (try await balance(market)) == 60_000)
    }
  }
}
