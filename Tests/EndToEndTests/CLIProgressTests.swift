import Foundation
import Hummingbird
import MPPHummingbird
import MarketplaceSupport
import Testing

/// What takes longer than a second says so on stderr.
@Suite("mpp and patience", .timeLimit(.minutes(2)))
struct CLIProgressTests {
  @Test func whatTakesLongerThanASecondSaysSoUnlessItIsSilent() async throws {
    let (loud, silent) = (Latch(), Latch())
    try await Marketplace.run { market in
      let shop = try await market.shop { options in
        options.routes = { router, _, _ in
          for (path, latch) in [("loud", loud), ("silent", silent)] {
            router.get(RouterPath(path)) { _, _ -> String in
              await latch.wait()
              return path
            }
          }
        }
      }
      let environment = ["MPP_PRIVATE_KEY": CLIProgram.payerKey, "MPP_RPC_URL": market.rpcURL]
      try await CLIProgram.inFolder { mpp in
        func request(_ path: String, _ options: [String]) -> [String] {
          ["request", shop.url + "/" + path, "--max-price", "0.01", "--journal", "\(mpp.folder)/\(path).db"]
            + options
        }
        try await mpp.start(request("silent", ["-s"]), environment: environment) { quiet in
          try await mpp.start(request("loud", []), environment: environment) { child in
            let line = try #require(await child.nextErrorLine())
            #expect(line.hasPrefix("mpp: ") && line.hasSuffix(" (1 s)"), "\(line)")
            loud.open()
            #expect(await child.finish() == .code(0))
            #expect(child.outputLines == ["loud"])
          }
          // It has waited longer than that.
          silent.open()
          #expect(await quiet.finish() == .code(0))
          #expect(quiet.errorLines == [])
          #expect(quiet.outputLines == ["silent"])
        }
      }
    }
  }

  @Test("A node that is silent is waited for aloud", arguments: ["account", "serve"])
  func silentNode(command: String) async throws {
    let latch = Latch()
    try await Marketplace.run { market in
      let shop = try await market.shop { options in
        options.routes = { router, _, _ in
          router.post("rpc") { _, _ -> String in
            await latch.wait()
            return "{}"
          }
        }
      }
      let commands = [
        "account": ["account", "balance"], "serve": ["serve", "--port", "0", "--ledger", "memory"],
      ]
      try await CLIProgram.inFolder { mpp in
        let environment = [
          "MPP_PRIVATE_KEY": CLIProgram.payerKey, "MPP_RPC_URL": shop.url + "/rpc",
          "MPP_SECRET_KEY": CLIProgram.secret,
        ]
        try await mpp.start(try #require(commands[command]), environment: environment) { child in
          let line = try #require(await child.nextErrorLine())
          #expect(line.hasPrefix("mpp: asking the node") && line.hasSuffix(" (1 s)"), "\(line)")
        }
        latch.open()
      }
    }
  }
}
