/// A command that could not do its work: what happened, what to do next, and the exit code.
struct CommandFailure: Error, Sendable {
  var status: ExitStatus
  let message: String
  /// What to do next, one line.
  var hint: String?
  /// What else is to be known: what was paid before, and what is still deposited.
  var details: [String]

  init(_ status: ExitStatus, _ message: String, hint: String? = nil, details: [String] = []) {
    self.status = status
    self.message = message
    self.hint = hint
    self.details = details
  }

  var lines: [String] {
    ["mpp: \(PlainText.text(message))"]
      + ((hint.map { [$0] } ?? []) + details).map { "     \(PlainText.text($0))" }
  }
}
