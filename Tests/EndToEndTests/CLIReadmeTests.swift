import Foundation
import Testing

/// What the README shows is what is compiled.
@Suite struct CLIReadmeTests {
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  private func text(_ path: String) throws -> String {
    try String(contentsOf: Self.root.appending(path: path), encoding: .utf8)
  }

  /// The code block that follows `<!-- path -->`.
  private func block(_ path: String, in readme: String) throws -> String {
    let marker = "<!-- \(path) -->\n```swift\n"
    let start = try #require(readme.range(of: marker)?.upperBound, "no block for \(path)")
    let end = try #require(readme.range(of: "```", range: start..<readme.endIndex)?.lowerBound)
    return String(readme[start..<end])
  }

  @Test(arguments: ["Examples/PaidAPI/main.swift", "Examples/PayingClient/main.swift"])
  func exampleInTheReadmeIsTheCompiledFile(path: String) throws {
    #expect(try block(path, in: text("README.md")) == text(path))
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
      for command in ["request", "serve", "devnet", "demo"] {
        let help = try await mpp.run([command, "--help"])
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
