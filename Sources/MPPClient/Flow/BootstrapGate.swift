import MPPCore
import Synchronization

/// The origins a client has asked for what they remember. Each is asked once; who comes meanwhile waits, and nobody at another
/// origin does.
final class BootstrapGate: Sendable {
  /// Beyond these nobody is asked: an application may have the origins of its requests from others.
  static let maximumOrigins = 1_024
  /// Requests that wait for the answers of one origin.
  private static let maximumWaiting = 4_096

  private enum Entry {
    /// One request is asking, or will: whoever holds the permit. → asked
    case asking(FIFOPermits)
    /// It has answered, or failed to. Final.
    case asked
  }

  private let entries = Mutex<[Origin: Entry]>([:])

  /// Runs `ask` unless the origin has been asked; returns when it has, whoever asked.
  /// - Throws: what `ask` throws: then the origin counts as not asked, and one of those who wait asks. `CancellationError` for a caller
  ///   that is cancelled while it waits, `FIFOPermits.Overloaded` where too many wait.
  func once(at origin: Origin, _ ask: () async throws -> Void) async throws {
    guard let turn = turn(at: origin) else { return }
    try await turn.withPermits {
      guard case .asking? = entries.withLock({ $0[origin] }) else { return }
      try await ask()
      entries.withLock { $0[origin] = .asked }
    }
  }

  private func turn(at origin: Origin) -> FIFOPermits? {
    entries.withLock { entries in
      switch entries[origin] {
      case .asked: return nil
      case .asking(let turn): return turn
      case nil:
        guard entries.count < Self.maximumOrigins else { return nil }
        let turn = FIFOPermits(count: 1, maximumWaiters: Self.maximumWaiting)
        entries[origin] = .asking(turn)
        return turn
      }
    }
  }
}
