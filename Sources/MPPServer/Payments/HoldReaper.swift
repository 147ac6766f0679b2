import Synchronization

/// Releases the holds of payments that were dropped without a report, for example because a response
/// object was discarded. Bounded: beyond the bound the lease of the hold does the same, later.
final class HoldReaper: Sendable {
  static let capacity = 4096

  private let queue = Mutex<[any PaymentHold]>([])
  private let signal: AsyncStream<Void>
  private let continuation: AsyncStream<Void>.Continuation

  init() {
    (signal, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  func abandon(_ hold: any PaymentHold) {
    queue.withLock { queue in
      if queue.count < Self.capacity { queue.append(hold) }
    }
    continuation.yield()
  }

  /// Releases what comes in until the task is cancelled or ``finish()`` is called.
  func run() async {
    for await _ in signal { await drain() }
    await drain()
  }

  func drain() async {
    let holds = queue.withLock { queue in
      defer { queue = [] }
      return queue
    }
    for hold in holds { await hold.release() }
  }

  func finish() { continuation.finish() }
}
