import HTTPTypes
import Hummingbird
import MPPServer
import NIOCore

/// What the engine sees of a Hummingbird request.
enum RequestCapture {
  static func capture(_ request: Request, body: [UInt8]?) -> PaymentRequest {
    PaymentRequest(
      method: request.method, target: request.head.path ?? "/", scheme: request.head.scheme ?? "http",
      authority: request.head.authority, headers: request.headers, body: body,
      hasBody: body.map { !$0.isEmpty } ?? hasFramedBody(request.headers))
  }

  /// HTTP/1.1 announces every body; the stream object that Hummingbird always has proves nothing.
  private static func hasFramedBody(_ headers: HTTPFields) -> Bool {
    if headers.contains(.transferEncoding) { return true }
    return headers.value(of: .contentLength).map { $0 != "0" } ?? false
  }

  /// Collects the body when the route asks for it, or when nothing but the body itself can tell whether
  /// there is one: a `POST` without framing headers, as HTTP/2 may send (`04` §17, B3). The collected body
  /// is put back for the handler. One that says it is longer than `limit` is not read at all.
  static func collectBody(_ request: inout Request, isNeeded: Bool, limit: Int) async throws -> [UInt8]? {
    let isUnclear =
      request.method == .post && !request.headers.contains(.contentLength)
      && !request.headers.contains(.transferEncoding)
    guard isNeeded || isUnclear else { return nil }
    if let declared = request.headers[.contentLength].flatMap({ Int($0) }), declared > limit {
      throw NIOTooManyBytesError(maxBytes: limit)
    }
    let buffer = try await request.collectBody(upTo: limit)
    return Array(buffer.readableBytesView)
  }
}
