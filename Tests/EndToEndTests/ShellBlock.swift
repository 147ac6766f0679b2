import Foundation
import Testing

/// A block of shell commands of README or guides, and the programs that it runs.
struct ShellBlock: CustomStringConvertible, Sendable {
  let page: String
  /// Without the comments behind them.
  let lines: [String]

  var description: String { "\(page): \(lines.joined(separator: "; "))" }

  static let pages = ["README.md", "docs/guides/charge-for-a-request.md", "docs/guides/pay-for-a-request.md"]

  /// The blocks of a page, in order.
  static func all(_ page: String) throws -> [ShellBlock] {
    let text = try String(contentsOf: CLIReadmeTests.root.appending(path: page), encoding: .utf8)
    return text.components(separatedBy: "```sh\n").dropFirst().map { part in
      let lines = part.components(separatedBy: "```")[0].split(separator: "\n")
      return ShellBlock(page: page, lines: lines.map { command(String($0)) }.filter { !$0.isEmpty })
    }
  }

  /// A line up to its comment.
  private static func command(_ line: String) -> String {
    (line.components(separatedBy: " #").first ?? "").trimmingCharacters(in: .whitespaces)
  }

  /// The first word of each line that is not an assignment.
  var programs: Set<String> {
    Set(
      lines.filter { !$0.hasPrefix("export ") }.compactMap { $0.split(separator: " ").first.map(String.init) }
    )
  }

  /// Whether it goes on until it is ended: a chain or a server.
  var isServer: Bool { lines.contains { $0 == "mpp devnet" || $0.hasPrefix("mpp serve") } }

  /// The commands with other words, those that listen on any free port and in the place of the shell.
  func script(replacing words: [String: String] = [:]) -> String {
    lines.map { line in
      var line = words.reduce(line) { $0.replacing($1.key, with: $1.value) }
      for program in ["mpp devnet", "mpp serve"] where line.hasPrefix(program) {
        line = "exec \(line) --port 0"
      }
      return line
    }.joined(separator: "\n")
  }

  /// The commands, each followed by a line with its exit code.
  func reportingScript(replacing words: [String: String]) -> String {
    lines.map { line in
      let line = words.reduce(line) { $0.replacing($1.key, with: $1.value) }
      // The body of an answer need not end with a line feed.
      return line.hasPrefix("export ") ? line : line + #"\#nprintf '\nexit %s\n' "$?""#
    }.joined(separator: "\n")
  }

  /// Runs `/bin/sh` in the program's folder, with `mpp` where it is looked for.
  static func run<T>(
    _ script: String, _ mpp: CLIProgram, environment: [String: String] = [:],
    _ body: (ChildProcess) async throws -> T
  ) async throws -> T {
    let folder = URL(filePath: CLIProgram.executable).deletingLastPathComponent().path
    let path = folder + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")
    return try await ChildProcess.run(
      "/bin/sh", ["-c", "cd \"$HOME\"\n" + script],
      environment: mpp.environment(environment.merging(["PATH": path]) { $1 }), body)
  }
}
