import Foundation
import MPPCore

/// The `mpp` binary of this build, run in a folder of its own with nothing inherited from the user.
struct CLIProgram: Sendable {
  /// Home, state and temporary files of everything started through this value.
  let folder: String

  /// Gives `body` a fresh folder and removes it afterwards.
  static func inFolder<T>(_ body: (CLIProgram) async throws -> T) async throws -> T {
    let folder = FileManager.default.temporaryDirectory.appending(path: "mpp-e2e-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try await body(CLIProgram(folder: folder.path))
  }

  /// Built beside the test bundle.
  static let executable: String = {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let beside = [
      URL(filePath: "/proc/self/exe").resolvingSymlinksInPath(), URL(filePath: CommandLine.arguments[0]),
    ].map { $0.deletingLastPathComponent().appending(path: "mpp").path }
    let candidates = beside + [root.appending(path: ".build/debug/mpp").path]
    return candidates.first { FileManager.default.isExecutableFile(atPath: $0) } ?? candidates[0]
  }()

  func environment(_ extra: [String: String] = [:]) -> [String: String] {
    ["HOME": folder, "TMPDIR": folder, "XDG_STATE_HOME": folder + "/state"].merging(extra) { $1 }
  }

  /// Starts `mpp` and kills it when `body` ends.
  func start<T>(
    _ arguments: [String], environment extra: [String: String] = [:], _ body: (ChildProcess) async throws -> T
  ) async throws -> T {
    try await ChildProcess.run(Self.executable, arguments, environment: environment(extra), body)
  }

  struct Result: Sendable {
    let exit: ChildProcess.Exit
    let output: [String]
    let errors: [String]

    /// The lines of stdout that are JSON objects.
    var events: [JSONValue] {
      output.filter { $0.hasPrefix("{") }.compactMap { try? JSONValue(parsing: $0) }
    }
    func event(_ name: String) -> JSONValue? { events.first { $0["event"]?.stringValue == name } }
    var errorText: String { errors.joined(separator: "\n") }
  }

  /// Runs `mpp` to its end.
  func run(_ arguments: [String], environment extra: [String: String] = [:]) async throws -> Result {
    try await start(arguments, environment: extra) { child in
      let exit = await child.finish()
      return Result(exit: exit, output: child.outputLines, errors: child.errorLines)
    }
  }
}
