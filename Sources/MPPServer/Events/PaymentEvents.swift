public import MPPCore
import Synchronization

/// Something that happened in the payment path, for billing and monitoring. Carries no credential, no
/// signature and no secret (`01` §14.6).
public enum PaymentEvent: Sendable {
  /// A 402 with challenges was answered; the ids are those of the fresh challenges.
  case challenged(ids: [String], problem: PaymentProblem.Code)
  /// A credential was refused; `challengeID` is the one it claimed to answer.
  case refused(challengeID: String?, problem: PaymentProblem.Code)
  /// A credential was verified; the handler is about to run.
  case paid(MethodKey, challengeID: String, reference: String, Amount, VerifiedSource?)
  /// A management request was answered.
  case managed(MethodKey, challengeID: String, reference: String, VerifiedSource?)
  /// A response was handed over. Its price is charged now, or was before.
  case delivered(MethodKey, challengeID: String, reference: String, Amount)
  /// The response was not delivered. A price that was set aside is not charged. One that was charged before the handler
  /// (``ChargeTiming/beforeHandler``) or paid on the chain stays paid; the method decides what it still buys.
  case released(MethodKey, challengeID: String, reference: String, Amount)
}

/// The events of a server as bounded streams. Emitting never waits: a listener that is too slow loses the
/// oldest events, which shows in ``Subscription/dropped``.
public final class PaymentEvents: Sendable {
  /// One listener.
  public final class Subscription: Sendable {
    /// What happened since ``PaymentEvents/subscribe(capacity:)``, for one task to iterate. Ends when the
    /// server has shut down.
    public let events: AsyncStream<PaymentEvent>
    fileprivate let continuation: AsyncStream<PaymentEvent>.Continuation
    private let droppedCount = Atomic<Int>(0)

    fileprivate init(capacity: Int) {
      (events, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(max(capacity, 1)))
    }

    /// How many events this listener lost.
    public var dropped: Int { droppedCount.load(ordering: .relaxed) }

    /// Stops listening: what has happened can still be read, and then ``events`` ends.
    public func cancel() { continuation.finish() }

    fileprivate func yield(_ event: PaymentEvent) -> Bool {
      switch continuation.yield(event) {
      case .dropped: droppedCount.wrappingAdd(1, ordering: .relaxed)
      case .terminated: return false
      default: break
      }
      return true
    }
  }

  private let listeners = Mutex<[Subscription]>([])
  private let count = Atomic<Int>(0)

  init() {}

  /// Whether anybody listens; lets the hot path skip building events.
  var isObserved: Bool { count.load(ordering: .relaxed) > 0 }

  /// Starts listening. The stream ends when the server shuts down, after ``Subscription/cancel()``, and when the task that iterates it is
  /// cancelled. Who only stops iterating is still listened for: a few events are kept, and counted as dropped.
  ///
  /// - Parameter capacity: events kept for a slow listener.
  public func subscribe(capacity: Int = 256) -> Subscription {
    let subscription = Subscription(capacity: capacity)
    listeners.withLock { listeners in
      listeners.append(subscription)
      count.store(listeners.count, ordering: .relaxed)
    }
    return subscription
  }

  func emit(_ event: PaymentEvent) {
    guard isObserved else { return }
    let current = listeners.withLock { $0 }
    let gone = current.filter { !$0.yield(event) }
    guard !gone.isEmpty else { return }
    listeners.withLock { listeners in
      listeners.removeAll { listener in gone.contains { $0 === listener } }
      count.store(listeners.count, ordering: .relaxed)
    }
  }

  func finish() {
    for listener in listeners.withLock({ $0 }) { listener.continuation.finish() }
  }
}
