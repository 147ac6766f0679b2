import Logging
import MPPCore

/// What happens with the payments of an offer after they were granted: events, metrics, and the holds nobody reports on.
final class PaymentObserver: Sendable {
  let method: MethodKey
  /// Whether one challenge pays for one request.
  let isOneTime: Bool
  private let events: PaymentEvents
  private let counters: ServerMetrics.Counters
  private let reaper: HoldReaper

  init(
    _ method: MethodKey, isOneTime: Bool, events: PaymentEvents, metrics: ServerMetrics, reaper: HoldReaper
  ) {
    self.method = method
    self.isOneTime = isOneTime
    self.events = events
    self.reaper = reaper
    counters = metrics.counters(intent: method.intent)
  }

  func granted(_ verified: VerifiedPayment, challengeID: String) {
    counters.increment(.paid)
    guard events.isObserved else { return }
    events.emit(
      .paid(
        method, challengeID: challengeID, reference: verified.reference, verified.amount, verified.source))
  }

  func resolved(_ payment: Payment, wasDelivered: Bool) {
    counters.increment(wasDelivered ? .delivered : .released)
    guard events.isObserved else { return }
    events.emit(
      wasDelivered
        ? .delivered(method, challengeID: payment.challengeID, reference: payment.reference, payment.amount)
        : .released(method, challengeID: payment.challengeID, reference: payment.reference, payment.amount))
  }

  func abandoned(_ hold: any PaymentHold, challengeID: String, reference: String, _ amount: Amount) {
    counters.increment(.released)
    reaper.abandon(hold)
    events.emit(.released(method, challengeID: challengeID, reference: reference, amount))
  }
}
