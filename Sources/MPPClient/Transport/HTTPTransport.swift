public import HTTPTypes

/// One HTTP exchange. Implementations never follow redirects, never repeat a request, and never add credentials.
public protocol HTTPTransport: Sendable {
  /// Sends the request and returns when the response head has arrived.
  /// - Throws: `HTTPTransportError`, which says whether the server may have seen the request.
  /// - Parameter timeout: until the head; the body may take longer.
  func send(_ request: HTTPRequest, body: [UInt8]?, timeout: Duration) async throws(HTTPTransportError)
    -> HTTPTransportResponse
  /// The same with a body that is produced while it is sent. The default collects it first, up to 10 MiB.
  func send(_ request: HTTPRequest, stream: RequestStream, timeout: Duration) async throws(HTTPTransportError)
    -> HTTPTransportResponse
  /// Closes idle connections. Called once.
  func shutdown() async
}

extension HTTPTransport {
  private static var longestCollectedBody: Int { 10 << 20 }

  /// The default: collects the body, up to 10 MiB, and sends it whole. A longer body, or one that cannot be
  /// read, is ``HTTPTransportError/Kind/notSent``.
  public func send(
    _ request: HTTPRequest, stream: RequestStream, timeout: Duration
  ) async throws(HTTPTransportError) -> HTTPTransportResponse {
    var body: [UInt8] = []
    do {
      for try await chunk in try stream.chunks() {
        guard body.count + chunk.count <= Self.longestCollectedBody else {
          throw HTTPTransportError(.notSent, "this transport collects bodies, and this one is too long")
        }
        body += chunk
      }
    } catch let error as HTTPTransportError {
      throw error
    } catch {
      throw HTTPTransportError(.notSent, "the body could not be read: \(error)")
    }
    return try await send(request, body: body, timeout: timeout)
  }
}

/// The answer to one exchange; its body may still be arriving.
public struct HTTPTransportResponse: Sendable {
  /// Status and fields, as received.
  public var head: HTTPResponse
  /// Can be read once.
  public var body: ResponseBody
  /// - Parameter body: need not have arrived; what goes wrong later is thrown by reading it.
  public init(head: HTTPResponse, body: ResponseBody) {
    self.head = head
    self.body = body
  }
}

/// Why there is no answer. Its kind decides about money: a credential that was certainly not sent may be sent
/// again.
public struct HTTPTransportError: Error, Sendable, CustomStringConvertible {
  /// Whether the server may have seen the request.
  public enum Kind: String, Sendable, Hashable {
    /// The request certainly did not reach the server.
    case notSent
    /// It may have; the answer is lost.
    case ambiguous
    /// The caller's task was cancelled; the server may have seen the request.
    case cancelled
  }
  /// When in doubt ``Kind/ambiguous``.
  public let kind: Kind
  /// For people and logs; must not contain a credential.
  public let reason: String
  /// - Parameter kind: ``Kind/notSent`` only when no byte of the request can have reached the server.
  public init(_ kind: Kind, _ reason: String) {
    self.kind = kind
    self.reason = reason
  }
  public var description: String { "\(kind.rawValue): \(reason)" }
}
