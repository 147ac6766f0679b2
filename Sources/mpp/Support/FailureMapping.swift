import ArgumentParser
import EVM
import HTTPTypes
import MPPClient
import MPPCore
import MPPServer
import MPPTempo
import TempoDevnet
import TempoRPC

/// Errors of the libraries in words for a person, with the exit code that says what may have been paid.
enum FailureMapping {
  /// `nil` for what the argument parser itself reports.
  static func failure(for error: any Error) -> CommandFailure? {
    switch error {
    case let error as CommandFailure: error
    case let error as DevnetServerError: devnet(error)
    case let error as ConfigurationError: CommandFailure(.usage, error.message)
    case let error as PaymentClientError: payment(error)
    case let error as JournalError: journal(error)
    case let error as StoreError: store(error)
    case let error as ChainError: CommandFailure(.unreachable, "the chain: \(error)")
    case let error as EVMError: CommandFailure(.usage, "not a usable key or address: \(error)")
    case is CancellationError: CommandFailure(.interrupted, "interrupted")
    default: nil
    }
  }

  /// What a payment that did not end as asked means to the user.
  /// - Parameter isOutOfUse: whether its channel can neither pay nor be closed together with its server.
  static func payment(_ error: PaymentClientError, isOutOfUse: Bool = false) -> CommandFailure {
    let reason = self.reason(error)
    // Something has left before that: nobody may read that nothing was signed, or that nothing was paid.
    guard !error.exposure.isAnything || error.code == .cancelled else {
      return failed(error, reason, isOutOfUse: isOutOfUse)
    }
    switch error.code {
    case .refusedByPolicy:
      return CommandFailure(
        .refusedByPolicy, "refused by your limits, nothing was signed for this request: \(error.reason)",
        hint:
          "the limits are --max-price, --max-deposit, --max-per-day, --max-fee, --via, --currency and --recipient; "
          + "1000000 base units are 1 token" + (isOfTheChannel(error) ? channelLimit : ""))
    case .insecureTransport:
      return CommandFailure(
        .refusedByPolicy, "a payment does not travel over plain HTTP to another machine", hint: "use https")
    case .invalidURL: return CommandFailure(.usage, reason)
    case .wrongChain:
      return CommandFailure(.usage, reason, hint: "nothing was done; name the right node with --rpc")
    case .journal: return journal(error)
    case .cancelled: return CommandFailure(.interrupted, "interrupted")
    case .transport where error.underlying is ResponseBodyTooLarge:
      return CommandFailure(
        .httpError, "the server answered with something that is no payment request: \(reason)",
        hint: "it is longer than any payment request; nothing was paid for it")
    case .transport, .chain:
      let target = error.code == .chain ? "the chain" : "the server"
      guard isUnreachable(error) else { return failed(error, reason, isOutOfUse: isOutOfUse) }
      return CommandFailure(
        .unreachable, "\(target) could not be reached: \(reason)",
        hint: "nothing was paid for this request; try again")
    default: return failed(error, reason, isOutOfUse: isOutOfUse)
    }
  }

  /// What happened, with its cause, without what is said anyway.
  static func reason(_ error: PaymentClientError) -> String {
    var text = error.reason
    if let cause = error.underlying as? ChainError { text += ": \(cause.message)" }
    if let cause = error.underlying as? PaymentClientError { text += ": \(self.reason(cause))" }
    if let problem = error.problem, problem.kind != "payment-required" { text += " (server: \(problem))" }
    return PlainText.text(text)
  }

  private static let channelLimit =
    "; a channel keeps the --max-deposit it was opened under: for a higher one, close it (`mpp sessions close --all`) and repeat"

  private static func isOfTheChannel(_ error: PaymentClientError) -> Bool {
    guard case .capExceeded = error.underlying as? VoucherPolicyError else { return false }
    return true
  }

  /// Whether the node did not answer, as opposed to: answered that it will not.
  private static func isUnreachable(_ error: PaymentClientError) -> Bool {
    guard error.code == .chain, let cause = error.underlying as? ChainError else { return true }
    return cause.isRetryable
  }

  private static func failed(
    _ error: PaymentClientError, _ reason: String, isOutOfUse: Bool
  ) -> CommandFailure {
    CommandFailure(.paymentFailed, "\(error.code): \(reason)", hint: hint(error, isOutOfUse: isOutOfUse))
  }

  private static func hint(_ error: PaymentClientError, isOutOfUse: Bool) -> String? {
    let exposure = error.exposure
    guard exposure.isAnything else {
      return error.isRetryable ? "the same command may be repeated: it does not pay twice" : nil
    }
    if exposure.channel == nil, exposure.deposit == .zero {
      return isPresentedAgain(error) ? charges(exposure.authorized) : paysAgain(exposure.authorized)
    }
    let hint = "at most \(Money.text(exposure.authorized)) may have been paid"
    guard exposure.deposit > .zero else { return hint }
    guard !isOutOfUse else {
      return "\(hint); \(Money.text(exposure.deposit)) is deposited in a channel that is out of use now"
    }
    return "\(hint); \(Money.text(exposure.deposit)) is deposited; \(comesBack(exposure.channel ?? "--all"))"
  }

  /// Whether the charge is not finished for this client: the next equal request presents it before anything new is signed.
  static func isPresentedAgain(_ error: PaymentClientError) -> Bool {
    switch error.code {
    case .paymentRefused: error.isRetryable
    case .receiptInvalid: error.response.map { !(200..<400).contains($0.status.code) } ?? false
    default: true
    }
  }

  /// Charges without an answer that counts.
  static func charges(_ amount: Amount) -> String {
    "\(Money.text(amount)) is paid, or may be, by charge: repeat the same command, it presents the same payment again "
      + "as long as `mpp sessions list` shows it"
  }

  /// What was paid, and is used up.
  static func paysAgain(_ amount: Amount) -> String {
    "\(Money.text(amount)) was paid for it; the same command would pay again"
  }

  /// What is locked in a channel, and how what was not paid of it comes back.
  static func deposited(_ channel: ChannelStatus) -> String {
    "\(Money.text(channel.deposit)) is deposited\(channel.phase == "opening" ? ", or may be" : ""), "
      + "at most \(Money.text(channel.authorized)) of it may be taken; \(comesBack(channel.id))"
  }

  private static func comesBack(_ channel: String) -> String {
    "what is not paid of it comes back with `mpp sessions close \(channel)`, or, if the server is gone, "
      + "`mpp sessions recover --all`"
  }

  private static func journal(_ error: PaymentClientError) -> CommandFailure {
    guard let cause = error.underlying as? JournalError else {
      return CommandFailure(.stateInvalid, "the journal: \(error.reason)")
    }
    return journal(cause)
  }

  private static func journal(_ cause: JournalError) -> CommandFailure {
    switch cause.code {
    case .busy:
      return CommandFailure(
        .paymentFailed, "another process is using the journal",
        hint: "nothing was signed; wait for it, or name another --journal")
    case .storage:
      return CommandFailure(
        .stateInvalid, "\(cause.reason)",
        hint: "what could not be written down was not sent; check the disk and the path")
    default:
      return CommandFailure(
        .stateInvalid, cause.reason,
        hint:
          "it was left as it is; `mpp sessions recover --journal NEW` finds its channels on chain")
    }
  }

  private static func store(_ error: StoreError) -> CommandFailure {
    switch error.code {
    case .locked:
      CommandFailure(
        .failure, "another process is using this ledger", hint: "stop it, or name another --ledger")
    default: CommandFailure(.stateInvalid, "the ledger: \(error)", hint: "it was left as it is")
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

extension PaymentClientError.Exposure {
  /// Whether anything has left.
  fileprivate var isAnything: Bool { authorized > .zero || deposit > .zero }
}
