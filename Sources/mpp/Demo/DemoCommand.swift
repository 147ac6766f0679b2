import ArgumentParser

struct DemoCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "A paid session, a charge and a proof end to end on an embedded chain, in seconds.",
    discussion: """
      Starts a chain, a paid server and a paying client on free ports of this machine, shows what happens, and \
      checks that every unit is where it belongs (exit code 1 if not). Leaves nothing behind.
      """)

  @Flag(name: .customLong("json"), help: "One JSON object a line; see docs/cli.md.")
  var isJSON = false

  func run() async throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let report = DemoReport(isJSON: isJSON)
    let audit = try await Interruptible.run(
      hint: nil,
      work: {
        try await DemoStage.run(folder: folder.path) { stage in
          try await DemoScript(stage: stage, report: report).run()
        }
      })
    report.audited(audit)
    guard audit.holds else { throw CommandFailure(.failure, "the balances do not add up") }
  }
}
