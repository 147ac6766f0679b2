import ArgumentParser
import Foundation
import MPPCore

struct BenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mpp-bench",
    abstract: "Measures what a paid request costs.",
    discussion: """
      Every scenario prints how often it did what, the median and the 99th percentile, and the command that repeats it. \
      Ratios come from alternating rounds of one run. See docs/benchmarks.md for the scenarios and the JSON form.
      """,
    subcommands: [RunCommand.self, ServeCommand.self, RepeatCommand.self, RepeatHTTPCommand.self],
    defaultSubcommand: RunCommand.self)
}

struct RunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Runs scenarios; all of them without names.")

  @Argument(help: "Scenarios to run; see --list.")
  var scenarios: [String] = []
  @Flag(help: "Name the scenarios.")
  var list = false
  @Flag(help: "One JSON object on stdout instead of text.")
  var json = false
  @Flag(help: "Do not show progress.")
  var quiet = false
  @Option(help: "Rounds of every scenario.")
  var rounds = 5
  @Option(help: "Factor of all numbers of operations; 0.1 for a quick look.")
  var scale = 1.0
  @Option(help: "Connections of the HTTP scenarios.")
  var connections = 64
  @Option(help: "Folder for ledgers; it decides which disk is measured.")
  var folder = "."
  @OptionGroup var threads: ServerThreads
  @Flag(help: "Leave the choice of processors to the system.")
  var noAffinity = false

  func validate() throws {
    guard (1...1_000).contains(rounds) else { throw ValidationError("--rounds is between 1 and 1000") }
    guard (0.000_1...1_000).contains(scale) else {
      throw ValidationError("--scale is between 0.0001 and 1000")
    }
    guard (1...1_024).contains(connections) else {
      throw ValidationError("--connections is between 1 and 1024")
    }
    for name in scenarios where !Scenarios.all.contains(where: { $0.name == name }) {
      throw ValidationError("there is no scenario \(name); --list names them")
    }
  }

  func run() async throws {
    if list {
      for scenario in Scenarios.all { Output.line("\(scenario.name)\t\(scenario.title)") }
      return
    }
    let allowed = Processor.allowed()
    var cores: (server: Int, load: Int)?
    if !noAffinity, let first = allowed.first, let last = allowed.last, first != last {
      if Processor.pin(to: last) { cores = (first, last) }
    }
    let folder = URL(fileURLWithPath: folder).appendingPathComponent(
      "mpp-bench-\(ProcessInfo.processInfo.processIdentifier)", isDirectory: true)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: folder) }
    let bench = Bench(
      rounds: rounds, scale: scale, connections: connections, folder: folder.path, cores: cores,
      threads: threads, isQuiet: quiet)
    let chosen = Scenarios.all.filter { scenarios.isEmpty || scenarios.contains($0.name) }
    var reports: [ScenarioReport] = []
    for scenario in chosen {
      let report = try await scenario.run(bench)
      reports.append(report)
      if !json { Output.line(report.text + "\n") }
    }
    if json { Output.line(Self.document(reports, bench, allowed).serialized()) }
  }

  private static func document(
    _ reports: [ScenarioReport], _ bench: Bench, _ allowed: [Int]
  ) -> JSONValue {
    #if DEBUG
      let build = "debug"
    #else
      let build = "release"
    #endif
    let processors = allowed.isEmpty ? ProcessInfo.processInfo.activeProcessorCount : allowed.count
    return [
      "format": 1, "build": .string(build), "processors": .integer(Int64(processors)),
      "serverProcessor": bench.cores.map { .integer(Int64($0.server)) } ?? .null,
      "loadProcessor": bench.cores.map { .integer(Int64($0.load)) } ?? .null,
      "rounds": .integer(Int64(bench.rounds)), "scale": .number(bench.scale),
      "connections": .integer(Int64(bench.connections)), "scenarios": .array(reports.map(\.json)),
    ]
  }
}
