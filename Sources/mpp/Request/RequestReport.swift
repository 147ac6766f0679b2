import MPPClient
import MPPCore

/// What is said at the end of `mpp request`: what was paid, and what is still deposited.
struct RequestReport {
  let tally: RequestTally
  /// All of the account, as they are now.
  let channels: [ChannelStatus]
  /// What gets deposits back that no server helps with.
  let recoverCommand: String

  /// After a success.
  /// - Parameter closes: whether the channels were closed, which was told.
  func lines(closes: Bool) -> [String] {
    var lines: [String] = []
    if !closes, tally.paid > .zero || !tally.channels.isEmpty {
      let requests = tally.done == 1 ? "this request" : "\(tally.done) requests"
      lines.append(
        tally.paid > .zero
          ? "paid \(Money.text(tally.paid)) for \(requests)"
          : "nothing was bought: the server answered without content and charged nothing")
      lines += usable.map {
        "the channel stays open with \(Money.text($0.deposit)) deposited; what is not spent of it comes back with: "
          + "mpp sessions close \($0.id)"
      }
    }
    return lines + OutOfUse.lines(channels, recover: recoverCommand)
  }

  /// A failure with all that is to be known besides: nobody may read that nothing was paid when something was.
  func explained(_ failure: CommandFailure) -> CommandFailure {
    var failure = failure
    if failure.status == .unreachable, tally.isAnythingPaid { failure.status = .paymentFailed }
    var details: [String] = []
    if tally.paid > .zero {
      let requests = tally.bought == 1 ? "one request" : "\(tally.bought) requests"
      details.append("paid in this run: \(Money.text(tally.paid)), for \(requests)")
    }
    // One alone is in the hint, unless it is the hint of an interruption.
    if tally.undeliveredCount > 1 || failure.hint == nil && tally.undeliveredCount > 0 {
      details.append(FailureMapping.charges(tally.undelivered))
    }
    details += usable.filter { failure.hint?.contains($0.id) != true }.map(FailureMapping.deposited)
    details += OutOfUse.lines(channels, recover: recoverCommand)
    failure.details += details
    if failure.status == .interrupted, details.isEmpty { failure.hint = "nothing was paid" }
    return failure
  }

  /// Channels of this run that their servers can still close.
  private var usable: [ChannelStatus] {
    channels.filter { tally.channels.contains($0.id) && $0.mayHoldMoney && !OutOfUse.contains($0) }
  }
}
