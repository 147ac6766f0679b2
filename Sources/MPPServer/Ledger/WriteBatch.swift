import Synchronization

/// The changes that wait for the store, taken when the store is ready to write them: what comes in until then shares the transaction.
///
/// One is under way at a time. It is made by the ledger; a store gets it in ``LedgerStore/submit(_:completion:)-(WriteBatch,_)``.
public final class WriteBatch: Sendable {
  /// What was taken, and who answers for it.
  struct Taken {
    var tickets: [WriteTicket] = []
    var writes: [Write] = []
    /// Tickets without a change, which mark a position in the queue.
    var markers: [WriteTicket] = []
  }

  private enum Turn {
    /// → completed, returned
    case submitting
    /// The report came first: the loop that handed the batch over goes on.
    case completed
    /// `submit` came back first: the reporting thread goes on.
    case returned
  }

  private let committer: GroupCommitter
  private let state = Mutex((taken: Taken?.none, turn: Turn.submitting))

  init(_ committer: GroupCommitter) { self.committer = committer }

  /// How many changed records wait now.
  public var waitingCount: Int { committer.waitingCount }

  /// Takes what waits, at most one transaction's worth. Call it once, when the transaction begins.
  public func take() -> [Write] {
    let taken = committer.take()
    state.withLock { $0.taken = taken }
    return taken.writes
  }

  /// What was taken; nothing when the store reported without taking anything.
  func finish() -> Taken { state.withLock { $0.taken.take() } ?? Taken() }

  /// The store has reported. `true`: the caller goes on. Without this and ``returned()`` a store that reports before `submit`
  /// returns would make the loop call itself.
  func completed() -> Bool {
    state.withLock { state in
      guard case .submitting = state.turn else { return true }
      state.turn = .completed
      return false
    }
  }

  /// `submit` has returned. `true`: the caller goes on.
  func returned() -> Bool {
    state.withLock { state in
      guard case .submitting = state.turn else { return true }
      state.turn = .returned
      return false
    }
  }
}
