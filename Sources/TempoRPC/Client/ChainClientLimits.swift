/// Bounds of a `ChainClient`. Times in milliseconds.
public struct ChainClientLimits: Sendable {
  /// Requests under way at once.
  public var inFlight = 64
  /// Requests that may wait for their turn; one more is refused with `.overloaded`.
  public var waiting = 256
  /// One attempt.
  public var attemptTimeout: Int64 = 10_000
  /// Attempts for an idempotent read; a broadcast is attempted once.
  public var attempts = 4
  /// First pause between attempts; doubled each time, with up to the same again at random.
  public var retryPause: Int64 = 150
  /// Bound of the doubled pause, and of what a node may ask for with `Retry-After`.
  public var longestRetryPause: Int64 = 5_000
  /// Bytes of one answer.
  public var answerBytes = 4 << 20
  /// Pause between polls for a receipt.
  public var receiptPoll: Int64 = 250
  /// How long `waitForReceipt` waits by default.
  public var receiptDeadline: Int64 = 30_000
  /// Reads at a given block after inclusion: 1 + this many attempts (`04` §2).
  public var readBackRetries = 5
  /// Pause between those attempts.
  public var readBackPause: Int64 = 250

  /// The values above, fit for a public node.
  public init() {}
}
