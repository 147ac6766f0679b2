import Foundation
import Testing

/// What the README shows is what is compiled.
@Suite struct CLIReadmeTests {
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  private func text(_ path: String) throws -> String {
    try String(contentsOf: Self.root.appending(path: path), encoding: .utf8)
  }

  @Test func everySwiftBlockOfReadmeAndGuidesIsCompiledText() async throws {
    let script = Self.root.appending(path: "scripts/check-snippets").path
    try await ChildProcess.run(script, []) { check in
      #expect(await check.finish() == .code(0), "\(check.errorLines)")
    }
  }

  @Test func everyExitCodeIsDocumented() throws {
    let source = try text("Sources/mpp/Support/ExitStatus.swift")
    let codes = source.matches(of: #/case \w+ = (\d+)/#).compactMap { Int($0.1) }
    #expect(codes.count >= 10)
    let guide = try text("docs/cli.md")
    for code in codes { #expect(guide.contains("\n| \(code) | "), "\(code)") }
  }

  @Test func everyOptionIsDocumented() async throws {
    let guide = try text("docs/cli.md")
    try await CLIProgram.inFolder { mpp in
      for command in [
        ["request"], ["serve"], ["devnet"], ["demo"], ["account", "create"], ["account", "balance"],
        ["account", "fund"],
      ] {
        let help = try await mpp.run(command + ["--help"])
        #expect(help.exit == .code(0))
        let options = Set(help.output.flatMap { $0.matches(of: #/--[a-z][a-z-]+/#).map { String($0.0) } })
        for option in options.subtracting([
          "--help", "--version", "--include", "--silent", "--count", "--data", "--verbose",
        ]) {
          #expect(guide.contains(option), "\(command) \(option)")
        }
      }
    }
  }
}
