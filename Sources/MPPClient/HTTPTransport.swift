public import HTTPTypes

/// One HTTP exchange. Implementations never follow redirects, never repeat a request, and never add credentials.
public protocol HTTPTransport: Sendable {
  /// Sends the request and returns when the response head has arrived.
  /// - Throws: `HTTPTransportError`, which says whether the server may have seen the request.
  func send(_ request: HTTPRequest, body: [UInt8]?, timeout: Duration) async throws(HTTPTransportError)
    -> HTTPTransportResponse
  /// Closes idle connections. Called once.
  func shutdown() async
}

public struct HTTPTransportResponse: Sendable {
  public var head: HTTPResponse
  public var body: ResponseBody
  public init(head: HTTPResponse, body: ResponseBody) {
    self.head = head
    self.body = body
  }
}

public struct HTTPTransportError: Error, Sendable, CustomStringConvertible {
  public enum Kind: String, Sendable, Hashable {
    /// The request certainly did not reach the server.
    case notSent
    /// It may have; the answer is lost.
    case ambiguous
    case cancelled
  }
  public let kind: Kind
  public let reason: String
  public init(_ kind: Kind, _ reason: String) {
    self.kind = kind
    self.reason = reason
  }
  public var description: String { "\(kind.rawValue): \(reason)" }
}
