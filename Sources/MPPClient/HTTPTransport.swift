public import HTTPTypes

/// One HTTP exchange. Implementations never follow redirects, never repeat a request, and never add credentials.
public protocol HTTPTransport: Sendable {
  /// Sends the request and returns when the response head has arrived.
  /// - Throws: `HTTPTransportError`, which says whether the server may have seen the request.
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
