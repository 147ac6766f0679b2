/// One thing to measure. Ratios come from rounds that alternate inside of one run.
protocol Scenario: Sendable {
  /// As it is named on the command line and in JSON.
  var name: String { get }
  var title: String { get }
  func run(_ bench: Bench) async throws -> ScenarioReport
}

/// Settings of a run, and its progress.
struct Bench: Sendable {
  /// Rounds of every scenario.
  var rounds: Int
  /// Factor of all numbers of operations.
  var scale: Double
  /// Connections of the HTTP scenarios, and channels of the paid ones.
  var connections: Int
  /// Where ledgers are made: a folder of its own on the disk to be measured.
  var folder: String
  /// Processor of the server, and of this process with its load; `nil`: wherever the system likes.
  var cores: (server: Int, load: Int)?
  var threads: ServerThreads
  /// What starts the server; `nil`: this program.
  var serverProgram: String?
  var isQuiet: Bool

  func count(_ base: Int) -> Int { max(1, Int(Double(base) * scale)) }

  /// Shows progress to a person.
  func note(_ scenario: String, round: Int) {
    if !isQuiet { Output.note("\(scenario): round \(round + 1) of \(rounds)") }
  }

  func report(_ scenario: any Scenario) -> ScenarioReport {
    var command = "swift run -c release mpp-bench \(scenario.name) --rounds \(rounds)"
    if scale != 1 { command += " --scale \(scale)" }
    if connections != 64 { command += " --connections \(connections)" }
    for argument in threads.arguments { command += " " + argument }
    return ScenarioReport(name: scenario.name, title: scenario.title, command: command)
  }
}
