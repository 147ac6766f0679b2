import EVM
import MPPCore

/// What happens on a connection after a request; faults decide which.
public struct DevnetReply: Sendable {
  /// What the caller sees.
  public enum Outcome: Sendable, Hashable {
    /// An HTTP answer. The body is JSON unless a fault says otherwise, and empty for notifications.
    case answer(status: Int, body: [UInt8], retryAfterSeconds: Int? = nil)
    /// The connection closes without an answer. Whether the request was executed is not told, as in life.
    case closed
  }

  /// Seen after the delay.
  public var outcome: Outcome
  /// Time that passes before the outcome is seen.
  public var delayMilliseconds = 0
  /// What the request still waits for. After the delay the chain is asked again, and the outcome is that one's.
  var waiting: Waiting?

  init(_ outcome: Outcome) { self.outcome = outcome }

  /// Whether ``Devnet`` has to be asked again after the delay.
  package var isProvisional: Bool { waiting != nil }

  /// A transaction that was accepted and is not in a block yet.
  struct Waiting: Sendable {
    let id: JSONValue
    let hash: Hash32
    /// Milliseconds of the wall clock.
    let deadline: Int64
  }
}
