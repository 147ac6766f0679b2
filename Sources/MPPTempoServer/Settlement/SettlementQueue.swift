import EVM
import Synchronization

/// Channels that are due, each once. Filled from the request path, emptied by the settlement service.
final class SettlementQueue: Sendable {
  private let waiting = Mutex<Set<Hash32>>([])
  private let signal: AsyncStream<Void>
  private let continuation: AsyncStream<Void>.Continuation
  private let capacity: Int

  init(capacity: Int = 65_536) {
    self.capacity = capacity
    (signal, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  /// Beyond the capacity a channel is left to the next sweep.
  func insert(_ id: Hash32) {
    let isNew = waiting.withLock { waiting in
      guard waiting.count < capacity else { return false }
      return waiting.insert(id).inserted
    }
    if isNew { continuation.yield() }
  }

  func takeAll() -> [Hash32] {
    waiting.withLock { waiting in
      defer { waiting = [] }
      return Array(waiting)
    }
  }

  /// One element whenever something was inserted.
  var signals: AsyncStream<Void> { signal }

  func finish() { continuation.finish() }
}
