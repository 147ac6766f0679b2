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

// MARK: - A chain and a server

extension CLIProgram {
  static let secret = "a secret of the tests, long enough to sign with"
  static let price: UInt128 = 10_000

  /// The programs of one test, each listening.
  struct Market: Sendable {
    let mpp: CLIProgram
    let chainURL: String
    let serverURL: String
    let server: ChildProcess

    /// `mpp request` with a paying account, against this server and chain.
    func pay(
      _ path: String = "/session", _ options: [String] = ["--max-price", "0.01"],
      environment: [String: String] = [:]
    ) async throws -> CLIProgram.Result {
      try await mpp.run(["request", serverURL + path] + options, environment: payer(environment))
    }

    func account(_ arguments: String...) async throws -> CLIProgram.Result {
      try await mpp.run(["account"] + arguments, environment: ["MPP_RPC_URL": chainURL])
    }

    func sessions(_ arguments: String...) async throws -> CLIProgram.Result {
      try await mpp.run(["sessions"] + arguments, environment: payer())
    }

    func payer(_ extra: [String: String] = [:]) -> [String: String] {
      ["MPP_PRIVATE_KEY": CLIProgram.payerKey, "MPP_RPC_URL": chainURL].merging(extra) { $1 }
    }
  }

  /// Account 2 of every devnet.
  static let payerKey = "0x7797c0f3db8b946604ec2039dfd9763e4ffdc53174342a2ed9b14fa3eda666a5"

  /// Starts a devnet on which every transaction costs the same.
  func withChain<T>(_ options: [String] = [], _ body: (String) async throws -> T) async throws -> T {
    try await start(["devnet", "--port", "0", "--gas", "flat"] + options) { chain in
      try await body(chain.readyURL())
    }
  }

  /// Starts the paid server of account 1 on a chain.
  func withServer<T>(
    _ chainURL: String, _ options: [String] = ["--port", "0"],
    _ body: (ChildProcess, String) async throws -> T
  ) async throws -> T {
    let environment = ["MPP_SECRET_KEY": Self.secret, "MPP_RPC_URL": chainURL]
    return try await start(["serve", "--key", "devnet:1"] + options, environment: environment) { server in
      try await body(server, server.readyURL())
    }
  }

  /// A fresh folder, a devnet and a server.
  static func withMarket<T>(
    chain: [String] = [], server: [String] = ["--port", "0"], _ body: (Market) async throws -> T
  ) async throws -> T {
    try await inFolder { mpp in
      try await mpp.withChain(chain) { chainURL in
        try await mpp.withServer(chainURL, server) { server, serverURL in
          try await body(Market(mpp: mpp, chainURL: chainURL, serverURL: serverURL, server: server))
        }
      }
    }
  }
}
