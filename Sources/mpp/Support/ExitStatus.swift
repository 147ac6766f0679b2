/// Exit codes of `mpp`; documented in docs/cli.md and stable.
enum ExitStatus: Int32, Sendable {
  case success = 0
  /// Something else went wrong; `mpp demo`: the balances do not add up.
  case failure = 1
  /// `mpp devnet`: bad options.
  case devnetUsage = 2
  /// The port is taken.
  case portTaken = 3
  /// The server or the chain could not be reached; nothing was paid.
  case unreachable = 7
  /// The final response has status 400 or above.
  case httpError = 22
  /// Bad options.
  case usage = 64
  /// Journal or ledger is damaged, foreign or from a newer version. Nothing was changed.
  case stateInvalid = 65
  /// The payment was tried and failed, or its outcome is not known yet.
  case paymentFailed = 75
  /// The limits given do not allow the payment. Nothing was signed.
  case refusedByPolicy = 77
  /// Interrupted by SIGINT.
  case interrupted = 130
}
