import Foundation
import MPPCore
import Testing

/// What was paid for and cannot be written is a failure that is told.
@Suite("mpp and where it writes", .timeLimit(.minutes(2)))
struct CLIOutputTests {
  /// `mpp` with its stdout sent elsewhere by a shell.
  private func run(
    _ market: CLIProgram.Market, _ arguments: [String], to target: String
  ) async throws -> CLIProgram.Result {
    try await ChildProcess.run(
      "/bin/sh", ["-c", "exec \"$0\" \"$@\" \(target)", CLIProgram.executable] + arguments,
      environment: market.mpp.environment(market.payer())
    ) { child in
      let exit = await child.finish()
      return CLIProgram.Result(exit: exit, output: child.outputLines, errors: child.errorLines)
    }
  }

  /// A full disk, where the system has one for everybody; and no stdout at all.
  private static var targets: [String] {
    FileManager.default.fileExists(atPath: "/dev/full") ? ["> /dev/full", ">&-"] : [">&-"]
  }

  @Test("Paid content that cannot be written ends the run with 75, after one request", arguments: targets)
  func paid(target: String) async throws {
    try await CLIProgram.withMarket { market in
      let arguments = ["request", market.serverURL + "/charge", "--max-price", "0.01", "-n", "3"]
      let result = try await run(market, arguments, to: target)
      #expect(result.exit == .code(75), "\(result.errorText)")
      #expect(result.errorText.contains("what was paid for could not be written: "), "\(result.errorText)")
      #expect(result.errorText.contains("paid in this run: 0.01, for one request"), "\(result.errorText)")
      // The journal is as it should be.
      #expect(try await market.sessions("list").output == ["No channels."])
    }
  }

  @Test("What costs nothing and cannot be written ends with 1", arguments: targets)
  func free(target: String) async throws {
    try await CLIProgram.withMarket { market in
      for arguments in [["request", market.serverURL + "/free"], ["sessions", "list"], ["--help"]] {
        let result = try await run(market, arguments, to: target)
        #expect(result.exit == .code(1), "\(arguments)")
        #expect(result.errorText.contains("could not be written: "), "\(result.errorText)")
      }
    }
  }

  @Test("A reader that has what it wanted is no failure")
  func readerLeaves() async throws {
    try await CLIProgram.withMarket { market in
      let arguments = ["request", market.serverURL + "/free", "-n", "1000"]
      let result = try await run(market, arguments, to: "| head -n 1")
      #expect(result.exit == .code(0), "\(result.errorText)")
      #expect(result.errors == [])
    }
  }
}
