import Logging
import MPPCore

/// What happens with a payment after it was granted: events, metrics, and the holds nobody reports on.
struct PaymentObserver: Sendable {
  let method: MethodKey
  let events: PaymentEvents
  let metrics: ServerMetrics
  let reaper: HoldReaper

  func resolved(_ payment: Payment, wasDelivered: Bool) {
    metrics.resolved(intent: method.intent, wasDelivered: wasDelivered)
    guard events.isObserved else { return }
    events.emit(
      wasDelivered
        ? .delivered(method, challengeID: payment.challengeID, reference: payment.reference, payment.amount)
        : .released(method, challengeID: payment.challengeID, reference: payment.reference, payment.amount))
  }

  func abandoned(_ hold: any PaymentHold, challengeID: String, reference: String, _ amount: Amount) {
    metrics.resolved(intent: method.intent, wasDelivered: false)
    reaper.abandon(hold)
    events.emit(.released(method, challengeID: challengeID, reference: reference, amount))
  }
}
