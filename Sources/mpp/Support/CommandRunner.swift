import ArgumentParser

/// Parses, runs, and turns every outcome into text and an exit code.
enum CommandRunner {
  static func run(_ arguments: [String]) async -> ExitStatus {
    var command: any ParsableCommand
    do {
      command = try MPPCommand.parseAsRoot(arguments)
    } catch {
      return reportUsage(error, arguments)
    }
    do {
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
      return written
    } catch {
      guard let failure = FailureMapping.failure(for: error) else { return reportUsage(error, arguments) }
      for line in failure.lines { Output.note(line) }
      return failure.status
    }
  }

  /// What came of a command that has done its work: nobody may take results for written that were not.
  private static var written: ExitStatus {
    guard let reason = Output.failure else { return .success }
    let failure = CommandFailure(.failure, "the results could not be written: \(reason)")
    for line in failure.lines { Output.note(line) }
    return failure.status
  }

  /// What the argument parser says: help on stdout, complaints on stderr.
  private static func reportUsage(_ error: any Error, _ arguments: [String]) -> ExitStatus {
    let message = MPPCommand.fullMessage(for: error)
    switch MPPCommand.exitCode(for: error) {
    case .success:
      Output.line(message)
      return written
    case .validationFailure:
      Output.note(message)
      return arguments.first == "devnet" ? .devnetUsage : .usage
    default:
      Output.note(message)
      return .failure
    }
  }
}
