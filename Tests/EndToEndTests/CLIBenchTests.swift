import Foundation
import MPPCore
import Testing

/// `mpp-bench` runs, whatever it measures: every scenario once, as small as it goes, and the document of its guide.
@Suite("mpp-bench", .timeLimit(.minutes(5)))
struct CLIBenchTests {
  private static let executable = URL(filePath: CLIProgram.executable).deletingLastPathComponent()
    .appending(path: "mpp-bench").path

  private struct Result {
    let exit: ChildProcess.Exit
    let output: [String]
    let errors: [String]
  }

  private func bench(_ arguments: [String]) async throws -> Result {
    try await CLIProgram.inFolder { mpp in
      try await ChildProcess.run(
        Self.executable, arguments + ["--folder", mpp.folder], environment: mpp.environment()
      ) { child in
        let exit = await child.finish()
        // Ledgers are gone when it ends.
        let left = try FileManager.default.contentsOfDirectory(atPath: mpp.folder)
        #expect(left.filter { $0.hasPrefix("mpp-bench") } == [])
        return Result(exit: exit, output: child.outputLines, errors: child.errorLines)
      }
    }
  }

  private func guide() throws -> String {
    try String(contentsOf: CLIReadmeTests.root.appending(path: "docs/benchmarks.md"), encoding: .utf8)
  }

  private func keys(_ value: JSONValue?) -> [String] { value?.objectValue?.map(\.key) ?? [] }

  private func isNumber(_ value: JSONValue?) -> Bool {
    switch value {
    case .number(let number): number >= 0
    case .integer(let number): number >= 0
    default: false
    }
  }

  @Test func everyScenarioRunsAndIsReportedAsDocumented() async throws {
    let listed = try await bench(["--list"])
    #expect(listed.exit == .code(0))
    let names = listed.output.compactMap { $0.split(separator: "\t").first.map(String.init) }
    #expect(names.count >= 16)
    let guide = try guide()
    for name in names { #expect(guide.contains("`\(name)`"), "\(name)") }

    let small = ["--rounds", "1", "--scale", "0.0001", "--connections", "1"]
    let result = try await bench(small + ["--json", "--quiet"])
    #expect(result.exit == .code(0), "\(result.errors)")
    #expect(result.errors == [])
    try #require(result.output.count == 1)
    let document = try JSONValue(parsing: result.output[0])
    #expect(
      keys(document) == [
        "format", "build", "processors", "serverProcessor", "loadProcessor", "rounds", "scale", "connections",
        "scenarios",
      ])
    #expect(document["format"] == 1)
    #expect(document["build"] == "debug")
    #expect(document["rounds"] == 1 && document["connections"] == 1)
    let scenarios = document["scenarios"]?.arrayValue ?? []
    #expect(scenarios.compactMap { $0["name"]?.stringValue } == names)
    for scenario in scenarios { expectShape(scenario) }
    let verdicts = scenarios.flatMap { $0["verdicts"]?.arrayValue ?? [] }
    #expect(Set(verdicts.compactMap { $0["target"]?.stringValue }).count >= 4)
  }

  private func expectShape(_ scenario: JSONValue) {
    let name = scenario["name"]?.stringValue ?? ""
    #expect(keys(scenario) == ["name", "title", "command", "measurements", "figures", "verdicts"])
    #expect(scenario["command"]?.stringValue?.hasPrefix("swift run -c release mpp-bench \(name) ") == true)
    let measurements = scenario["measurements"]?.arrayValue ?? []
    #expect(!measurements.isEmpty, "\(name)")
    for measurement in measurements {
      #expect(keys(measurement) == ["name", "n", "medianMicroseconds", "p99Microseconds", "perSecond"])
      #expect((measurement["n"]?.intValue ?? 0) > 0, "\(name)")
      for key in ["medianMicroseconds", "p99Microseconds", "perSecond"] {
        #expect(isNumber(measurement[key]), "\(name) \(key)")
      }
    }
    for figure in scenario["figures"]?.arrayValue ?? [] {
      #expect(keys(figure) == ["name", "value", "unit"])
      #expect(["us", "x", "1/s", ""].contains(figure["unit"]?.stringValue), "\(figure.serialized())")
    }
    for verdict in scenario["verdicts"]?.arrayValue ?? [] {
      #expect(keys(verdict) == ["target", "value", "bound", "limit", "unit", "verdict"])
      #expect(["atMost", "atLeast"].contains(verdict["bound"]?.stringValue))
      #expect(["met", "missed"].contains(verdict["verdict"]?.stringValue))
    }
  }

  @Test func chosenScenariosRunAloneAndAsText() async throws {
    let result = try await bench(["rlp", "jcs", "--rounds", "1", "--scale", "0.001", "--no-affinity"])
    #expect(result.exit == .code(0), "\(result.errors)")
    let text = result.output.joined(separator: "\n")
    #expect(text.contains("rlp") && text.contains("jcs") && !text.contains("voucher"))
  }

  @Test(
    "Exit codes",
    arguments: [
      (["nothing"], 64), (["--rounds", "0"], 64), (["--scale", "x"], 64), (["--connections", "2000"], 64),
      (["--no-such-option"], 64),
    ] as [([String], Int32)])
  func exitCodes(arguments: [String], code: Int32) async throws {
    let result = try await bench(arguments)
    #expect(result.exit == .code(code), "\(result.errors)")
    #expect(result.output == [])
  }

  @Test func aScenarioThatCannotRunIsAFailure() async throws {
    try await CLIProgram.inFolder { mpp in
      try await ChildProcess.run(
        Self.executable, ["rlp", "--folder", mpp.folder + "/missing"], environment: mpp.environment()
      ) { child in #expect(await child.finish() == .code(1)) }
    }
  }

  @Test func everyOptionIsDocumentedAndNoOther() async throws {
    let help = try await ChildProcess.run(Self.executable, ["run", "--help"], environment: [:]) { child in
      #expect(await child.finish() == .code(0))
      return child.outputLines.joined(separator: "\n")
    }
    let guide = try guide()
    let table = guide.components(separatedBy: "## ")[0]
    let options = CLIReadmeTests.options(help).subtracting(["--help", "--version"])
    #expect(options.subtracting(CLIReadmeTests.options(table)).isEmpty)
    #expect(CLIReadmeTests.options(table).subtracting(options.union(["--list"])).isEmpty)
  }
}
