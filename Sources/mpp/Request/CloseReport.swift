import MPPClient
import MPPCore

/// How a close ended, for people and for programs.
enum CloseReport {
  static func text(_ outcome: CloseOutcome) -> String {
    let channel = String(outcome.channel.prefix(10)) + "…"
    if let error = outcome.error {
      return PlainText.text("channel \(channel) is not closed: \(FailureMapping.reason(error))")
    }
    guard let captured = outcome.captured, let refunded = outcome.refunded else {
      return "channel \(channel) is closed"
    }
    let text =
      "closed channel \(channel): \(Money.text(captured)) paid in all, \(Money.text(refunded)) returned"
    return outcome.isDisputed ? text + "; DISPUTED: that is more than was delivered" : text
  }

  static func json(_ outcome: CloseOutcome) -> JSONValue {
    [
      "event": .string(outcome.error == nil ? "closed" : "close-failed"),
      "channel": .string(outcome.channel), "amount": outcome.amount.json,
      "captured": outcome.captured?.json ?? .null, "refunded": outcome.refunded?.json ?? .null,
      "transaction": outcome.transaction.map { .string($0) } ?? .null,
      "disputed": .bool(outcome.isDisputed),
      "code": outcome.error.map { .string($0.code.label) } ?? .null,
      "message": outcome.error.map { .string(PlainText.text($0.reason)) } ?? .null,
    ]
  }
}
