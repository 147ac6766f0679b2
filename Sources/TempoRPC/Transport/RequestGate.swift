import Synchronization

/// Bounds how many requests are under way and how many wait; first come, first served.
final class RequestGate: Sendable {
  private enum Ticket {
    case admitted
    case refused
    case cancelled
  }

  private struct State {
    var running = 0
    var nextID: UInt64 = 0
    var waiters: [(id: UInt64, continuation: CheckedContinuation<Ticket, Never>)] = []
  }

  private let state = Mutex(State())
  private let limit: Int
  private let waiting: Int

  init(limit: Int, waiting: Int) {
    self.limit = max(1, limit)
    self.waiting = max(0, waiting)
  }

  /// Waits for a place. Each successful call is paired with one `leave`.
  func enter() async throws(ChainError) {
    let id = state.withLock { state in
      state.nextID += 1
      return state.nextID
    }
    let ticket = await withTaskCancellationHandler {
      await withCheckedContinuation { admit(id, $0) }
    } onCancel: {
      cancel(id)
    }
    switch ticket {
    case .admitted: return
    case .refused: throw ChainError(.overloaded, "too many requests wait for the node")
    case .cancelled: throw ChainError(.cancelled, "cancelled while waiting for the node")
    }
  }

  func leave() {
    let next = state.withLock { state -> CheckedContinuation<Ticket, Never>? in
      guard !state.waiters.isEmpty else {
        state.running -= 1
        return nil
      }
      return state.waiters.removeFirst().continuation
    }
    next?.resume(returning: .admitted)
  }

  private func admit(_ id: UInt64, _ continuation: CheckedContinuation<Ticket, Never>) {
    let ticket = state.withLock { state -> Ticket? in
      // A cancellation that came before this point found no waiter to wake.
      if Task.isCancelled { return .cancelled }
      if state.running < limit {
        state.running += 1
        return .admitted
      }
      guard state.waiters.count < waiting else { return .refused }
      state.waiters.append((id, continuation))
      return nil
    }
    if let ticket { continuation.resume(returning: ticket) }
  }

  private func cancel(_ id: UInt64) {
    let waiter = state.withLock { state -> CheckedContinuation<Ticket, Never>? in
      guard let index = state.waiters.firstIndex(where: { $0.id == id }) else { return nil }
      return state.waiters.remove(at: index).continuation
    }
    waiter?.resume(returning: .cancelled)
  }
}
