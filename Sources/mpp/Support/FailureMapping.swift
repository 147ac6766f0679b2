import ArgumentParser
import EVM
import MPPServer
import TempoDevnet

/// Errors of the libraries in words for a person, with the exit code that says what may have been paid.
enum FailureMapping {
  /// `nil` for what the argument parser itself reports.
  static func failure(for error: any Error) -> CommandFailure? {
    switch error {
    case let error as CommandFailure: error
    case let error as DevnetServerError: devnet(error)
    case let error as ConfigurationError: CommandFailure(.usage, error.message)
    case let error as EVMError: CommandFailure(.usage, "not a usable key or address: \(error)")
    default: nil
    }
  }

  private static func devnet(_ error: DevnetServerError) -> CommandFailure {
    switch error {
    case .cannotListen(let host, let port):
      CommandFailure(
        .portTaken, "cannot listen on \(host) port \(port); it is taken, or not yours to take",
        hint: "`--port 0` takes any free port")
    case .remoteAddressRefused(let host):
      CommandFailure(
        .devnetUsage, "\(host) can be reached from elsewhere, and the keys of this chain are public",
        hint: "leave `--host` out, or add `--i-know` if that is what you want")
    case .alreadyRunning: CommandFailure(.failure, "the chain is listening already")
    }
  }
}
