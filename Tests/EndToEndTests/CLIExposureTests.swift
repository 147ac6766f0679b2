import Foundation
import HTTPTypes
import Hummingbird
import MPPCore
import MPPHummingbird
import MarketplaceSupport
import NIOCore
import Testing

/// What has left is told, whatever else went wrong; and what a peer says does nothing to the terminal.
@Suite("mpp and what has left", .timeLimit(.minutes(2)))
struct CLIExposureTests {
  private func payer(_ rpc: String) -> [String: String] {
    ["MPP_PRIVATE_KEY": CLIProgram.payerKey, "MPP_RPC_URL": rpc]
  }

  @Test("A server that goes away after paid requests: 75, with what was paid and what is deposited")
  func serverGone() async throws {
    try await CLIProgram.withMarket { market in
      try await market.mpp.start(
        ["request", market.serverURL + "/session", "--max-price", "0.01", "-n", "1000000", "--json"],
        environment: market.payer()
      ) { child in
        for _ in 1...5 { _ = try await child.event("response") }
        market.server.signal(SIGKILL)
        #expect(await child.finish() == .code(75))
        let text = child.errorLines.joined(separator: "\n")
        #expect(text.contains("paid in this run: "), "\(text)")
        #expect(text.contains(" is deposited") && text.contains("mpp sessions close 0x"), "\(text)")
        #expect(!text.contains("nothing was paid;"), "\(text)")
      }
    }
  }

  @Test("A limit that is met after paid requests keeps its code, and what was paid is told")
  func limitMet() async throws {
    try await CLIProgram.withMarket { market in
      let result = try await market.pay(
        "/session", ["--max-price", "0.01", "--max-per-day", "0.035", "-n", "9"])
      #expect(result.exit == .code(77))
      #expect(result.errorText.contains("nothing was signed for this request"), "\(result.errorText)")
      #expect(result.errorText.contains("paid in this run: 0.0"), "\(result.errorText)")
      #expect(result.errorText.contains("is deposited"), "\(result.errorText)")
    }
  }

  @Test("Fees above --max-fee are refused before anything is signed")
  func fees() async throws {
    try await CLIProgram.withMarket { market in
      for path in ["/charge", "/charge/push", "/session"] {
        let result = try await market.pay(path, ["--max-price", "0.01", "--max-fee", "0.000001"])
        #expect(result.exit == .code(77), "\(path)")
        #expect(result.errorText.contains("--max-fee"), "\(result.errorText)")
      }
      // Somebody else pays them.
      let sponsored = try await market.pay(
        "/charge/sponsored", ["--max-price", "0.01", "--max-fee", "0.000001"])
      #expect(sponsored.exit == .code(0), "\(sponsored.errorText)")
      #expect(try await market.sessions("list", "--all").output == ["No channels."])
    }
  }

  @Test("A charge that is answered 500: what may be gone, that it is presented again, and where it is listed")
  func chargeWithoutDelivery() async throws {
    try await Marketplace.run { market in
      let shop = try await market.shop { options in
        options.charges = { _ in }
        options.routes = { router, payments, _ in
          router.group("broken").add(middleware: payments.charge("0.01")).get { _, _ -> Response in
            Response(status: .internalServerError)
          }
        }
      }
      try await CLIProgram.inFolder { mpp in
        let arguments = ["request", shop.url + "/broken", "--max-price", "0.01"]
        let result = try await mpp.run(arguments, environment: payer(market.rpcURL))
        #expect(result.exit == .code(22))
        #expect(result.errorText.contains("0.01 is paid, or may be"), "\(result.errorText)")
        #expect(result.errorText.contains("presents the same payment again"), "\(result.errorText)")
        // No node is named: none is asked.
        let key = ["MPP_PRIVATE_KEY": CLIProgram.payerKey]
        let listed = try await mpp.run(["sessions", "list", "--json"], environment: key)
        #expect(listed.exit == .code(0), "\(listed.errorText)")
        let charge = try #require(listed.event("charge"))
        #expect(charge.objectValue?.map(\.key) == ["event", "amount", "token", "chainId", "transaction"])
        #expect(charge["amount"]?.stringValue == "10000")
        #expect(charge["transaction"]?.stringValue?.utf8.count == 66)
        let table = try await mpp.run(["sessions", "list"], environment: key)
        #expect(table.output.contains { $0.contains("0.01") && $0.contains("0x") }, "\(table.output)")
        let others = try await mpp.run(["sessions", "list", "--json", "--key", "devnet:3"])
        #expect(others.exit == .code(0) && others.output == [], "\(others.output)")
      }
    }
  }

  @Test("A charge that is broken off: the amount, and that the same command presents it again")
  func interruptedCharge() async throws {
    let (arrived, released) = (Latch(), Latch())
    try await Marketplace.run { market in
      let shop = try await market.shop { options in
        options.charges = { _ in }
        options.routes = { router, payments, _ in
          router.group("slow").add(middleware: payments.charge("0.01")).get { _, _ -> String in
            arrived.open()
            await released.wait()
            return "late"
          }
        }
      }
      try await CLIProgram.inFolder { mpp in
        let arguments = ["request", shop.url + "/slow", "--max-price", "0.01"]
        try await mpp.start(arguments, environment: payer(market.rpcURL)) { child in
          await arrived.wait()
          child.signal(SIGINT)
          while let line = await child.nextErrorLine(), !line.contains("once more breaks off") {}
          child.signal(SIGINT)
          let exit = await child.finish()
          released.open()
          #expect(exit == .code(130))
          let text = child.errorLines.joined(separator: "\n")
          #expect(text.contains("0.01 is paid, or may be"), "\(text)")
          #expect(text.contains("presents the same payment again"), "\(text)")
        }
      }
    }
  }

  @Test("Control characters of a node do not reach the terminal, and its address is not shown in full")
  func terminal() async throws {
    try await Marketplace.run { market in
      let shop = try await market.shop { options in
        options.routes = { router, _, _ in
          router.post("rpc") { _, _ -> String in
            #"{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"\u001b[31mred\u009b\u202e"}}"#
          }
          router.get("long") { _, _ -> Response in
            Response(
              status: .init(code: 402),
              body: .init(byteBuffer: ByteBuffer(repeating: UInt8(ascii: "x"), count: 70_000)))
          }
        }
      }
      try await CLIProgram.inFolder { mpp in
        let node = try await mpp.run(["account", "balance"], environment: payer(shop.url + "/rpc"))
        #expect(node.exit == .code(7))
        let isClean = node.errorText.unicodeScalars.allSatisfy {
          $0 == "\n" || $0.properties.generalCategory != .control && $0.properties.generalCategory != .format
        }
        #expect(isClean, "\(node.errorText.debugDescription)")
        for address in [
          "wss://user@node.example/v2/hidden", "wss:/hidden", "wss://hidden@node.example?hidden",
        ] {
          let wrong = try await mpp.run(["account", "balance", "--rpc", address, "--key", "devnet:1"])
          #expect(wrong.exit == .code(64))
          #expect(
            !wrong.errorText.contains("hidden") && !wrong.errorText.contains("user"), "\(wrong.errorText)")
        }
        let long = try await mpp.run(
          ["request", shop.url + "/long", "--max-price", "0.01"], environment: payer(market.rpcURL))
        #expect(long.exit == .code(22))
        #expect(long.errorText.contains("no payment request"), "\(long.errorText)")
      }
    }
  }

  @Test("An address in the query is no scheme of the URL")
  func addressInTheQuery() async throws {
    try await CLIProgram.withMarket { market in
      let url = String(market.serverURL.dropFirst("http://".count)) + "/free?u=http://y"
      let result = try await market.mpp.run(["request", url])
      #expect(result.exit == .code(0), "\(result.errorText)")
    }
  }
}
