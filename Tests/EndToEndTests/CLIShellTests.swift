import EVM
import Foundation
import MPPCore
import Testing

/// What README and guides tell to type does what they say, with other ports.
@Suite("Commands of README and guides", .timeLimit(.minutes(3)))
struct CLIShellTests {
  @Test func everyBlockIsRunByATestHereOrByMake() throws {
    var blocks = 0
    for page in ShellBlock.pages {
      for block in try ShellBlock.all(page) {
        #expect([["make"], ["mpp"]].contains(block.programs), "\(block)")
        blocks += 1
      }
    }
    #expect(blocks >= 8)
    let guides = try FileManager.default.contentsOfDirectory(
      atPath: CLIReadmeTests.root.appending(path: "docs/guides").path)
    #expect(
      Set(guides.filter { $0.hasSuffix(".md") }.map { "docs/guides/" + $0 }).isSubset(of: ShellBlock.pages))
  }

  @Test func everyTargetOfMakeExists() throws {
    let makefile = try String(contentsOf: CLIReadmeTests.root.appending(path: "Makefile"), encoding: .utf8)
    for page in ShellBlock.pages + ["CONTRIBUTING.md", "docs/benchmarks.md", "docs/fuzzing.md"] {
      let text = try String(contentsOf: CLIReadmeTests.root.appending(path: page), encoding: .utf8)
      for match in text.matches(of: #/(?:^|`)make ([a-z]+)/#.anchorsMatchLineEndings()) {
        #expect(makefile.contains("\n\(match.1):"), "\(page): make \(match.1)")
      }
    }
  }

  @Test("Three terminals", arguments: ["README.md", "docs/guides/charge-for-a-request.md"])
  func threeTerminals(_ page: String) async throws {
    let blocks = try ShellBlock.all(page).filter { $0.programs == ["mpp"] }
    try #require(blocks.map(\.isServer) == [true, true, false])
    try await CLIProgram.inFolder { mpp in
      try await ShellBlock.run(blocks[0].script(), mpp) { chain in
        let words = ["http://127.0.0.1:8545": try await chain.readyURL()]
        try await ShellBlock.run(blocks[1].script(replacing: words), mpp) { server in
          let all = words.merging(["http://127.0.0.1:8402": try await server.readyURL()]) { $1 }
          try await expectPromised(blocks[2], mpp, replacing: all)
        }
      }
    }
  }

  @Test func payingWithAnAccountOfItsOwn() async throws {
    let blocks = try ShellBlock.all("docs/guides/pay-for-a-request.md")
    try #require(blocks.count == 1)
    try await CLIProgram.withMarket { market in
      let report = ["https://api.example.com/report": market.serverURL + "/charge"]
      try await expectPromised(
        blocks[0], market.mpp, replacing: report, environment: ["MPP_RPC_URL": market.chainURL])
      #expect(FileManager.default.fileExists(atPath: market.mpp.folder + "/payer.key"))
    }
  }

  /// Every command succeeds; a request without a limit says the price and pays nothing.
  private func expectPromised(
    _ block: ShellBlock, _ mpp: CLIProgram, replacing words: [String: String],
    environment: [String: String] = [:]
  ) async throws {
    try await ShellBlock.run(block.reportingScript(replacing: words), mpp, environment: environment) {
      shell in
      #expect(await shell.finish() == .code(0), "\(shell.transcript)")
      let codes = shell.outputLines.filter { $0.hasPrefix("exit ") }
      let commands = block.lines.filter { !$0.hasPrefix("export ") }
      try #require(codes.count == commands.count, "\(shell.transcript)")
      for (command, code) in zip(commands, codes) {
        let isFree = command.hasPrefix("mpp request") && !command.contains("--max-price")
        #expect(code == (isFree ? "exit 77" : "exit 0"), "\(command)\n\(shell.transcript)")
      }
      let paid = commands.count { $0.contains("--max-price") }
      #expect(shell.outputLines.count { $0.contains("Thank you.") } == paid, "\(shell.transcript)")
    }
  }
}
