/// Why one attempt to reach a node failed.
public struct RPCTransportError: Error, Sendable, Equatable {
  public enum Code: String, Sendable {
    /// No connection was made: the node has not seen the request.
    case connectionFailed
    /// The connection broke after the request may have been written.
    case connectionLost
    case timeout
    case rateLimited
    /// An HTTP status other than 200 and 429.
    case httpStatus
    case answerTooLarge
    case cancelled
  }

  public let code: Code
  /// True unless it is certain that the node has not acted on the request.
  public let mayHaveBeenReceived: Bool
  public let message: String
  public let status: Int?
  /// What the node asked for with `Retry-After`.
  public let retryAfterMilliseconds: Int64?

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
