/// Why one attempt to reach a node failed.
public struct RPCTransportError: Error, Sendable, Equatable {
  /// What broke; for a broadcast ``mayHaveBeenReceived`` is what decides.
  public enum Code: String, Sendable {
    /// No connection was made: the node has not seen the request.
    case connectionFailed
    /// The connection broke after the request may have been written.
    case connectionLost
    /// No answer within the attempt's time.
    case timeout
    /// HTTP 429: the node did not act on the request.
    case rateLimited
    /// An HTTP status other than 200 and 429.
    case httpStatus
    /// Longer than the transport or the client takes.
    case answerTooLarge
    /// The task was cancelled.
    case cancelled
  }

  /// What broke.
  public let code: Code
  /// True unless it is certain that the node has not acted on the request.
  public let mayHaveBeenReceived: Bool
  /// For people; nothing is decided by it.
  public let message: String
  /// The HTTP status, where there was one.
  public let status: Int?
  /// What the node asked for with `Retry-After`.
  public let retryAfterMilliseconds: Int64?

  /// - Parameter mayHaveBeenReceived: false only when it is certain that the node has not acted: a broadcast
  ///   is then taken as not made.
  public init(
    _ code: Code, mayHaveBeenReceived: Bool, message: String = "", status: Int? = nil,
    retryAfterMilliseconds: Int64? = nil
  ) {
    self.code = code
    self.mayHaveBeenReceived = mayHaveBeenReceived
    self.message = message
    self.status = status
    self.retryAfterMilliseconds = retryAfterMilliseconds
  }

  /// Whether a read may be tried again after this error.
  var isTransient: Bool {
    switch code {
    case .connectionFailed, .connectionLost, .timeout, .rateLimited: true
    case .httpStatus: status.map { $0 >= 500 || $0 == 403 || $0 == 408 || $0 == 413 } ?? false
    case .answerTooLarge, .cancelled: false
    }
  }
}
