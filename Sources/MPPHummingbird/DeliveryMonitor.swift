import HTTPTypes
import MPPCore
import MPPServer
import Synchronization

/// A paid response that was returned to the framework and not written yet.
struct PendingDelivery: Sendable {
  /// Its receipt is in the head of the response: a head without it is another response.
  let payment: Payment
  /// To a `HEAD`, or a status without content: its `Content-Length` is not that of a body.
  var isBodyless = false
  /// Set for a response that reports for itself until its last part passes; nil for one of which the channel alone reports.
  var body: BodyDelivery?
}

/// The paid responses of one connection on their way: announced by the task that answers, found again by the channel handler
/// when they pass.
///
/// A connection answers its requests one after the other, so the n-th request since the monitor was made gets the n-th final
/// response. When that is not the announced one, a middleware in front has replaced it, and nothing is charged.
final class DeliveryMonitor: Sendable {
  private enum Phase {
    /// → watching, closed
    case installing
    /// → closed
    case watching
    /// The end.
    case closed
  }

  private struct State {
    var phase = Phase.installing
    /// Requests so far. The first is the one in which the monitor was made.
    var requests = 1
    /// Heads of final responses that have passed.
    var responses = 0
    /// Ascending; more than one only when requests are pipelined.
    var pending: [(number: Int, delivery: PendingDelivery)] = []
  }

  private let state = Mutex(State())

  /// Another request; its number.
  func begin() -> Int {
    state.withLock { state in
      defer { state.requests += 1 }
      return state.requests
    }
  }

  /// Announces the response to the request in which the monitor is made. It has to report for itself: nobody may come to watch.
  func expectFirst(_ delivery: PendingDelivery) {
    state.withLock { $0.pending.append((0, delivery)) }
  }

  /// Announces the response to a request. `false`: nobody would notice it.
  func expect(_ delivery: PendingDelivery, _ number: Int) -> Bool {
    state.withLock { state in
      guard case .watching = state.phase else { return false }
      state.pending.append((number, delivery))
      return true
    }
  }

  // MARK: On the event loop

  func watch() {
    state.withLock { state in
      if case .installing = state.phase { state.phase = .watching }
    }
  }

  /// The head of a final response passes.
  ///
  /// - Returns: what was announced for it, and the payments whose responses will not come.
  func passes(_ head: HTTPResponse) -> (delivering: PendingDelivery?, discarded: [Payment]) {
    state.withLock { state in
      let number = state.responses
      state.responses += 1
      guard let first = state.pending.first, first.number <= number else { return (nil, []) }
      var discarded: [Payment] = []
      while let next = state.pending.first, next.number <= number {
        state.pending.removeFirst()
        if next.number == number, Self.isResponse(head, of: next.delivery) {
          return (next.delivery, discarded)
        }
        discarded.append(next.delivery.payment)
      }
      return (nil, discarded)
    }
  }

  private static func isResponse(_ head: HTTPResponse, of delivery: PendingDelivery) -> Bool {
    Payment.isCharged(status: head.status.code)
      && head.headerFields.value(of: ProtocolHeaders.paymentReceipt) == delivery.payment.receipt
  }

  /// The connection has ended: what was not written never will be.
  func close() -> [Payment] {
    state.withLock { state in
      state.phase = .closed
      defer { state.pending = [] }
      return state.pending.map(\.delivery.payment)
    }
  }
}
