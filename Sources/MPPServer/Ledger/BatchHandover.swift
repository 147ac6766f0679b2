import Synchronization

/// Decides who goes on after a batch was handed to the store: the loop that handed it over, or the thread on which the store
/// reports. Without it a store that reports before `submit` returns would make the loop call itself.
final class BatchHandover: Sendable {
  private enum State {
    /// → completed, returned
    case submitting
    /// The report came first: the loop goes on.
    case completed
    /// `submit` came back first: the reporting thread goes on.
    case returned
  }

  private let state = Mutex(State.submitting)

  /// The store has reported. `true`: the caller goes on.
  func completed() -> Bool {
    state.withLock { state in
      guard case .submitting = state else { return true }
      state = .completed
      return false
    }
  }

  /// `submit` has returned. `true`: the caller goes on.
  func returned() -> Bool {
    state.withLock { state in
      guard case .submitting = state else { return true }
      state = .returned
      return false
    }
  }
}
