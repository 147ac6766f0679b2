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

  /// Every command that has options of its own.
  private static let commands: [[String]] = [
    [], ["request"], ["serve"], ["devnet"], ["demo"], ["account"], ["account", "create"],
    ["account", "balance"],
    ["account", "fund"], ["sessions"], ["sessions", "list"], ["sessions", "close"], ["sessions", "recover"],
    ["conformance"],
  ]

  /// The long options that a text names.
  static func options(_ text: String) -> Set<String> {
    Set(text.matches(of: #/(?:^|[^A-Za-z0-9-])(--[a-z][a-z-]*[a-z])/#).map { String($0.1) })
  }

  private func help(_ mpp: CLIProgram, _ command: [String]) async throws -> String {
    let help = try await mpp.run(command + ["--help"])
    #expect(help.exit == .code(0), "\(command)")
    return help.output.joined(separator: "\n")
  }

  @Test func everyOptionIsDocumentedAndEveryDocumentedOptionExists() async throws {
    let guide = Self.options(try text("docs/cli.md"))
    try await CLIProgram.inFolder { mpp in
      var known: Set<String> = []
      for command in Self.commands {
        let options = Self.options(try await help(mpp, command))
        #expect(options.subtracting(guide) == [], "not in docs/cli.md: \(command)")
        known.formUnion(options)
      }
      #expect(guide.subtracting(known) == [], "no option of mpp")
    }
  }

  /// A command line of README and guides uses options of its own command only.
  @Test func everyCommandLineHasOptionsThatExist() async throws {
    try await CLIProgram.inFolder { mpp in
      for page in ShellBlock.pages {
        for line in try ShellBlock.all(page).flatMap(\.lines) where line.hasPrefix("mpp ") {
          let words = line.split(separator: " ").map(String.init)
          let command = Self.commands.filter { Array(words.dropFirst().prefix($0.count)) == $0 }
            .max { $0.count < $1.count }
          let options = Self.options(try await help(mpp, try #require(command)))
          #expect(Self.options(line).subtracting(options) == [], "\(line)")
        }
      }
    }
  }

  /// What the help of `mpp` lists is what is checked above.
  @Test func everyCommandIsDocumented() async throws {
    let guide = try text("docs/cli.md")
    try await CLIProgram.inFolder { mpp in
      for command in Self.commands {
        let listing = try await help(mpp, command).components(separatedBy: "SUBCOMMANDS:")
        guard listing.count == 2 else { continue }
        for match in listing[1].matches(of: #/\n  ([a-z]+) /#) {
          let name = String(match.1)
          #expect(Self.commands.contains(command + [name]), "\(command) \(name)")
          #expect(guide.contains("`\(name)") || guide.contains("mpp \(name)"), "\(name)")
        }
      }
    }
  }
}
