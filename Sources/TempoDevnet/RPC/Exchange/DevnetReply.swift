/// What happens on a connection after a request; faults decide which.
public struct DevnetReply: Sendable {
  public enum Outcome: Sendable, Hashable {
    /// An HTTP answer. The body is JSON unless a fault says otherwise, and empty for notifications.
    case answer(status: Int, body: [UInt8], retryAfterSeconds: Int? = nil)
    /// The connection closes without an answer. Whether the request was executed is not told, as in life.
    case closed
  }

  public var outcome: Outcome
  /// Time that passes before the outcome is seen.
  public var delayMilliseconds = 0

  init(_ outcome: Outcome) { self.outcome = outcome }
}
