import EVM
import HTTPTypes
import Hummingbird
import MPPClient
import MPPCore
import MPPHummingbird
import MPPTempo
import MarketplaceSupport
import NIOCore
import PeerSupport
import Synchronization
import Tempo
import TempoDevnet
import Testing

/// What the commands say about payments that did not end well.
@Suite("mpp and failures", .timeLimit(.minutes(2)))
struct CLIFailureTests {
  private func payer(_ rpc: String) -> [String: String] {
    ["MPP_PRIVATE_KEY": CLIProgram.payerKey, "MPP_RPC_URL": rpc]
  }

  @Test("A paid answer whose body breaks off is counted as paid, as an error with exposure, exit code 75")
  func halfABody() async throws {
    try await Marketplace.run { market in
      let shop = try await market.shop { options in
        options.routes = { router, payments, _ in
          router.group("half").add(middleware: try payments.gate(offers: [.session("0.01", per: "request")]))
            .get { _, _ -> Response in
              Response(
                status: .ok,
                body: .init(contentLength: 1_000) { writer in
                  try await writer.write(ByteBuffer(string: "half"))
                  throw TestFailure("no more")
                })
            }
        }
      }
      try await CLIProgram.inFolder { mpp in
        let result = try await mpp.run(
          ["request", shop.url + "/half", "--max-price", "0.01", "--json"], environment: payer(market.rpcURL))
        #expect(result.exit == .code(75))
        let error = try #require(result.event("error"))
        #expect(error["index"]?.intValue == 1)
        #expect(error["code"]?.stringValue == "transport")
        #expect(error["exposure"]?["authorized"]?.stringValue == "10000")
        let summary = try #require(result.events.last)
        #expect(summary["event"]?.stringValue == "summary")
        #expect(summary["paid"]?.stringValue == "10000")
        #expect(summary["failed"]?.intValue == 1)
        #expect(summary["exitCode"]?.intValue == 75)
      }
    }
  }

  @Test("A limit that is met after a voucher has left is not \"nothing was signed\": exit code 75")
  func limitAfterAVoucher() async throws {
    try await Marketplace.run { market in
      let seller = try TestSeller(devnet: market.devnet)
      let shop = try await market.shop { options in
        options.routes = { router, _, _ in
          router.get("sly") { request, _ -> Response in
            let answer = try await seller.send(request.head, body: nil, timeout: .seconds(5))
            return Response(
              status: answer.head.status, headers: answer.head.headerFields,
              body: .init(byteBuffer: ByteBuffer(bytes: try await answer.body.bytes())))
          }
        }
      }
      try await CLIProgram.inFolder { mpp in
        // The fee of the opening and two prices, not three.
        let arguments = [
          "request", shop.url + "/sly", "--max-price", "0.01", "--max-deposit", "0.05", "--max-per-day",
          "0.025", "--currency", TempoAddress.alphaUSD.hex,
        ]
        let environment = payer(market.rpcURL)
        #expect(try await mpp.run(arguments, environment: environment).exit == .code(0))
        seller.state.withLock { $0.script = [.loseAnswer] }
        #expect(try await mpp.run(arguments, environment: environment).exit == .code(22))
        let refused = try await mpp.run(arguments, environment: environment)
        #expect(refused.exit == .code(75), "\(refused.errorText)")
        #expect(refused.errorText.contains("may have been paid"))
        #expect(refused.errorText.contains("mpp sessions close 0x"), "\(refused.errorText)")
      }
    }
  }

  /// A shop whose route `/sly` is the seller that misbehaves on demand.
  private func withSly(
    _ body: (TestSeller, CLIProgram, [String], [String: String]) async throws -> Void
  ) async throws {
    try await Marketplace.run { market in
      let seller = try TestSeller(devnet: market.devnet)
      let shop = try await market.shop { options in
        options.routes = { router, _, _ in
          router.get("sly") { request, _ -> Response in
            let answer = try await seller.send(request.head, body: nil, timeout: .seconds(5))
            return Response(
              status: answer.head.status, headers: answer.head.headerFields,
              body: .init(byteBuffer: ByteBuffer(bytes: try await answer.body.bytes())))
          }
        }
      }
      try await CLIProgram.inFolder { mpp in
        let arguments = [
          "request", shop.url + "/sly", "--max-price", "0.01", "--currency", TempoAddress.alphaUSD.hex,
        ]
        try await body(seller, mpp, arguments, payer(market.rpcURL))
      }
    }
  }

  @Test("What a server takes as management buys nothing: it does not count as paid, and the deposit is said")
  func answeredWithoutContent() async throws {
    try await withSly { seller, mpp, arguments, environment in
      seller.state.withLock { $0.script = [.manages] }
      let opened = try await mpp.run(arguments, environment: environment)
      #expect(opened.exit == .code(0))
      #expect(opened.errorText.contains("nothing was bought"), "\(opened.errorText)")
      #expect(opened.errorText.contains("mpp sessions close 0x"), "\(opened.errorText)")
      #expect(try await mpp.run(arguments, environment: environment).exit == .code(0))
      seller.state.withLock { $0.script = [.manages] }
      let again = try await mpp.run(arguments + ["--json"], environment: environment)
      #expect(again.event("response")?["status"]?.intValue == 204)
      #expect(again.event("response")?["payment"]?["amount"]?.stringValue == "0")
      #expect(again.event("summary")?["paid"]?.stringValue == "0")
      let listed = try await mpp.run(["sessions", "list", "--json"], environment: environment)
      #expect(listed.event("channel")?["delivered"]?.stringValue == "10000")
    }
  }

  @Test("An opening that ends in 503: what is deposited is said, and how it comes back")
  func openingUnavailable() async throws {
    try await withSly { seller, mpp, arguments, environment in
      seller.state.withLock { $0.script = [.unavailable] }
      let result = try await mpp.run(arguments, environment: environment)
      #expect(result.exit == .code(22))
      #expect(result.errorText.contains("503"))
      #expect(result.errorText.contains("0.10 is deposited"), "\(result.errorText)")
      #expect(result.errorText.contains("mpp sessions close 0x"))
    }
  }

  @Test("A channel keeps the limit it was opened under: what to do about it is said")
  func lowerLimit() async throws {
    try await withSly { _, mpp, arguments, environment in
      #expect(
        try await mpp.run(arguments + ["--max-deposit", "0.02", "-n", "2"], environment: environment).exit
          == .code(0))
      let refused = try await mpp.run(arguments + ["--max-deposit", "0.10"], environment: environment)
      #expect(refused.exit == .code(77), "\(refused.errorText)")
      #expect(refused.errorText.contains("mpp sessions close --all"), "\(refused.errorText)")
    }
  }

  @Test("A key with a wrong digit is not shown as the name of a file")
  func mistypedKey() async throws {
    try await CLIProgram.inFolder { mpp in
      for key in [
        CLIProgram.payerKey.dropLast() + "g", CLIProgram.payerKey.dropLast(),
        CLIProgram.payerKey.dropFirst(2) + "0",
      ] {
        let result = try await mpp.run([
          "sessions", "list", "--rpc", "http://127.0.0.1:1", "--key", String(key),
        ])
        #expect(result.exit == .code(64))
        #expect(!result.errorText.contains(String(key.prefix(40))))
      }
    }
  }

  @Test("recover on a node that does not answer, or of another chain, is no success")
  func recover() async throws {
    try await Marketplace.run { market in
      try await CLIProgram.inFolder { mpp in
        let dead = try await mpp.run(["sessions", "recover"], environment: payer("http://127.0.0.1:1"))
        #expect(dead.exit == .code(75))
        #expect(dead.output.isEmpty)
        // The path of a node's address may be a key.
        let named = try await mpp.run(
          ["account", "balance"], environment: payer("http://user:pass@127.0.0.1:1/v2/hidden"))
        #expect(named.exit != .code(0))
        #expect(!named.errorText.contains("hidden") && !named.errorText.contains("pass"))
        let wrong = try await mpp.run(
          ["sessions", "recover", "--chain-id", "4242"], environment: payer(market.rpcURL))
        #expect(wrong.exit == .code(64))
        #expect(wrong.errorText.contains("1337"))
      }
    }
  }
}
