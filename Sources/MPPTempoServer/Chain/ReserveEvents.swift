import EVM
import MPPCore
import Tempo
import TempoRPC

/// What the reserve wrote into a receipt about one channel. Logs of other contracts do not count (W47).
struct ReserveEvents: Sendable {
  private let events: [ChannelReserveEvent]

  /// - Throws: a problem when the reserve's own log is malformed.
  init(_ receipt: TransactionReceipt, channelID: Hash32, escrow: Address) throws(PaymentProblem) {
    var events: [ChannelReserveEvent] = []
    for log in receipt.logs {
      let event: ChannelReserveEvent?
      do { event = try ChannelReserveEvent(log: log, escrow: escrow) } catch {
        throw SessionProblem.failed("channel event is malformed in receipt")
      }
      if let event, event.channelID == channelID { events.append(event) }
    }
    self.events = events
  }

  /// The one `ChannelOpened`.
  func opened() throws(PaymentProblem) -> ChannelReserveEvent {
    try one("ChannelOpened") { if case .opened = $0.kind { $0 } else { nil } }
  }

  /// `newDeposit` of the one `TopUp`, and what it added.
  func toppedUp() throws(PaymentProblem) -> (additional: Amount, deposit: Amount) {
    try one("TopUp") {
      guard case .topUp(let additional, let deposit) = $0.kind else { return nil }
      return (Amount(units: additional), Amount(units: deposit))
    }
  }

  /// The one `Settled`: paid by it, and in total.
  func settled() throws(PaymentProblem) -> (paid: Amount, total: Amount) {
    try one("Settled") {
      guard case .settled(_, let paid, let total) = $0.kind else { return nil }
      return (Amount(units: paid), Amount(units: total))
    }
  }

  /// The one `ChannelClosed`: captured in total, and refunded.
  func closed() throws(PaymentProblem) -> (captured: Amount, refunded: Amount) {
    try one("ChannelClosed") {
      guard case .closed(let captured, let refunded) = $0.kind else { return nil }
      return (Amount(units: captured), Amount(units: refunded))
    }
  }

  private func one<T>(
    _ name: String, _ match: (ChannelReserveEvent) -> T?
  ) throws(PaymentProblem) -> T {
    let found = events.compactMap(match)
    guard found.count == 1 else {
      throw SessionProblem.failed("expected one \(name) event for credential channelId in receipt")
    }
    return found[0]
  }
}
