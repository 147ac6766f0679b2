/// A command that could not do its work: what happened, what to do next, and the exit code.
struct CommandFailure: Error, Sendable {
  let status: ExitStatus
  let message: String
  /// What to do next, one line.
  let hint: String?

  init(_ status: ExitStatus, _ message: String, hint: String? = nil) {
    self.status = status
    self.message = message
    self.hint = hint
  }

  var lines: [String] { ["mpp: \(message)"] + (hint.map { ["     \($0)"] } ?? []) }
}
