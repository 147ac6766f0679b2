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

  /// One JSON-RPC call on a path of the chain.
  private func call(_ url: String, _ method: String, _ parameters: JSONValue...) async throws -> JSONValue {
    let body: JSONValue = [
      "jsonrpc": "2.0", "id": 1, "method": .string(method), "params": .array(parameters),
    ]
    let answer = try await AsyncHTTPRPCTransport(url: url).send(
      Array(body.serialized().utf8), timeoutMilliseconds: 20_000)
    return try JSONValue(parsing: answer)
  }

  @Test func aStateFileIsSavedAtTheEndAndLoadedAtTheStart() async throws {
    try await CLIProgram.inFolder { mpp in
      let file = mpp.folder + "/chain.json"
      let account: JSONValue = "0x00000000000000000000000000000000000000aa"
      let token: JSONValue = "0x20c0000000000000000000000000000000000000"
      let options = ["devnet", "--port", "0", "--state", file, "--log", "--seal", "interval:1000"]
      try await mpp.start(options) { child in
        let url = try await child.readyURL()
        let funded = try await call(url, "devnet_setBalance", token, account, "12345")
        #expect(funded["result"] == true)
        child.signal(SIGTERM)
        #expect(await child.finish() == .code(0))
        #expect(child.outputLines.contains { $0.contains("sealing interval:1000") })
      }
      try await mpp.start(["devnet", "--port", "0", "--state", file]) { child in
        let balance = try await call(
          try await child.readyURL(), "eth_call",
          [
            "to": token,
            "data": "0x70a0823100000000000000000000000000000000000000000000000000000000000000aa",
          ], "latest")
        #expect(balance["result"]?.stringValue?.hasSuffix("3039") == true)
        child.signal(SIGTERM)
        #expect(await child.finish() == .code(0))
      }
      // The file is another chain's.
      let other = try await mpp.run(["devnet", "--port", "0", "--chain-id", "7", "--state", file])
      #expect(other.exit == .code(2))
      #expect(other.errorText.contains("1337"))
    }
  }

  @Test func theFeePayerHasAPathOfItsOwn() async throws {
    try await CLIProgram.inFolder { mpp in
      try await mpp.start(["devnet", "--port", "0"]) { child in
        let url = try await child.readyURL()
        let hosted = try await call(url + "/sponsor", "eth_signRawTransaction", "0x")
        #expect(hosted["error"]?["code"]?.intValue == -32602)
        let main = try await call(url, "eth_signRawTransaction", "0x")
        #expect(main["error"]?["code"]?.intValue == -32601)
        #expect(try await call(url + "/sponsor", "eth_chainId")["result"] == "0x539")
      }
      try await mpp.start(["devnet", "--port", "0", "--sponsor", "off"]) { child in
        let url = try await child.readyURL()
        let hosted = try await call(url + "/sponsor", "eth_signRawTransaction", "0x")
        #expect(hosted["error"]?["code"]?.intValue == -32601)
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
    ["--no-such-option"], ["--seal", "interval:0"], ["--seal", "sometimes"], ["--gas", "free"],
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
