import ArgumentParser

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// `mpp`: one file per subcommand, each thin over the libraries.
@main
struct MPPCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mpp",
    abstract: "Pay for HTTP requests, and get paid for them (Machine Payments Protocol).",
    discussion: """
      Start with `mpp demo`: a paid session end to end on an embedded chain, in seconds.
      Every option is described in docs/cli.md, with the exit codes and the JSON output.
      """,
    version: "0.1.0",
    subcommands: [
      DemoCommand.self, RequestCommand.self, SessionsCommand.self, AccountCommand.self, ServeCommand.self,
      DevnetCommand.self, ConformanceCommand.self,
    ])

  /// Not on the main actor: every `await` from there would hop executors.
  nonisolated static func main() async {
    StandardDescriptors.keepTaken()
    signal(SIGPIPE, SIG_IGN)
    // Journals, ledgers and their folders are for this user alone.
    umask(0o077)
    let status = await CommandRunner.run(Array(CommandLine.arguments.dropFirst()))
    exit(withError: ExitCode(status.rawValue))
  }
}
