import Foundation
import MPPCore
import TempoRPC
import Testing

@Suite("mpp devnet", .timeLimit(.minutes(1)))
struct CLIDevnetTests {
  @Test func printsAccountsThenOneReadyLineAndServes() async throws {
    try await CLIProgram.inFolder { mpp in
      try await mpp.start(["devnet", "--port", "0", "--chain-id", "1234", "--accounts", "2"]) { child in
        let ready = try await child.event("ready")
        #expect(ready["chainId"]?.intValue == 1234)
        let url = try #require(ready["url"]?.stringValue)
        #expect(url.hasPrefix("http://127.0.0.1:"))
        let text = child.outputLines.joined(separator: "\n")
        for expected in [
          "RPC URL", url, "1234", "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
          "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80", "pathUSD",
          "0x14Dcb427A216216791fB63973c5b13878de30916", "0xe11d6A43AaAEe32096486114353f251A4eD8da08",
        ] {
          #expect(text.contains(expected))
        }
        let chain = ChainClient(transport: AsyncHTTPRPCTransport(url: url), clock: SystemWallClock())
        #expect(try await chain.chainID() == 1234)
        child.signal(SIGTERM)
        #expect(await child.finish() == .code(0))
        #expect(child.errorLines.isEmpty)
      }
    }
  }

  @Test func interruptEndsWithZero() async throws {
    try await CLIProgram.inFolder { mpp in
      try await mpp.start(["devnet", "--port", "0"]) { child in
        _ = try await child.readyURL()
        child.signal(SIGINT)
        #expect(await child.finish() == .code(0))
      }
    }
  }

  @Test(arguments: [
    ["--accounts", "0"], ["--port", "70000"], ["--balance", "1.5"], ["--timestamp", "5"],
    ["--no-such-option"],
    ["--host", "0.0.0.0", "--port", "0"],
    ["--balance", "340282366920938463463374607431768211455", "--port", "0"],
  ])
  func badOptionsExitWithTwo(options: [String]) async throws {
    try await CLIProgram.inFolder { mpp in
      let result = try await mpp.run(["devnet"] + options)
      #expect(result.exit == .code(2))
      #expect(result.output.isEmpty)
      #expect(!result.errors.isEmpty)
    }
  }

  @Test func takenPortExitsWithThreeAndSaysWhatToDo() async throws {
    try await CLIProgram.inFolder { mpp in
      try await mpp.start(["devnet", "--port", "0"]) { first in
        let port = try #require(URL(string: try await first.readyURL())?.port)
        let second = try await mpp.run(["devnet", "--port", String(port)])
        #expect(second.exit == .code(3))
        #expect(second.event("ready") == nil)
        #expect(second.errorText.contains("--port 0"))
      }
    }
  }
}
