import MPPClient
import MPPCore

/// What the requests of one `mpp request` have come to.
struct RequestTally: Sendable {
  /// The number of the next request.
  var next = 1
  /// Answers that arrived whole.
  var done = 0
  var failed = 0
  /// For what was delivered.
  private(set) var paid = Amount.zero
  /// Requests that were paid for and delivered.
  private(set) var bought = 0
  /// Charges that are paid, or may be, without an answer that counts.
  private(set) var undelivered = Amount.zero
  private(set) var undeliveredCount = 0
  /// Those that were paid with, or that an error is about, in order.
  private(set) var channels: [String] = []
  /// The first failure decides the exit code, and no new request is started after it.
  var failure: CommandFailure?

  /// Whether anything has left in this run, or may have.
  var isAnythingPaid: Bool { paid > .zero || undelivered > .zero || !channels.isEmpty }

  mutating func count(_ payment: PaymentSummary) {
    if payment.amount > .zero {
      paid = Self.sum(paid, payment.amount)
      bought += 1
    } else if let amount = payment.undelivered {
      count(undelivered: amount)
    }
    count(payment.channel)
  }

  /// A failure with what left for it. A charge that is used up was paid, whatever came of it.
  mutating func count(_ error: PaymentClientError) {
    let exposure = error.exposure
    if exposure.channel == nil, exposure.authorized > .zero {
      if FailureMapping.isPresentedAgain(error) {
        count(undelivered: exposure.authorized)
      } else {
        paid = Self.sum(paid, exposure.authorized)
        bought += 1
      }
    }
    count(exposure.channel)
  }

  private mutating func count(undelivered amount: Amount) {
    undelivered = Self.sum(undelivered, amount)
    undeliveredCount += 1
  }

  private mutating func count(_ channel: String?) {
    guard let channel, !channels.contains(channel) else { return }
    channels.append(channel)
  }

  private static func sum(_ amount: Amount, _ other: Amount) -> Amount {
    do { return try amount.adding(other) } catch { return amount }
  }
}

extension PaymentSummary {
  /// The amount of a charge that the server did not deliver for; nil for all others.
  var undelivered: Amount? {
    channel == nil && exposure.authorized > .zero ? exposure.authorized : nil
  }
}
