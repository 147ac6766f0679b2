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
    return headers.value(of: .contentLength).map { !isZero($0) } ?? false
  }

  /// By the rule that tells content from management (`04` §17, B4): `00` is no body, and what is no number is one.
  private static func isZero(_ text: String) -> Bool {
    let digits = text.utf8.filter { $0 != 0x20 && $0 != 0x09 }
    return !digits.isEmpty && digits.allSatisfy { $0 == 0x30 }
  }

  /// Collects the body when the route asks for it, or when nothing but the body itself can tell whether
  /// there is one: a `POST` without framing headers, as HTTP/2 may send (`04` §17, B3). The collected body
  /// is put back for the handler. One that says it is longer than `limit` is not read at all.
  ///
  /// - Parameter connection: asks a client that waits with its body for it.
  static func collectBody(
    _ request: inout Request, isNeeded: Bool, limit: Int, connection: PaidConnection?
  ) async throws -> [UInt8]? {
    let isUnclear =
      request.method == .post && !request.headers.contains(.contentLength)
      && !request.headers.contains(.transferEncoding)
    guard isNeeded || isUnclear else { return nil }
    if let declared = request.headers[.contentLength].flatMap({ Int($0) }), declared > limit {
      throw NIOTooManyBytesError(maxBytes: limit)
    }
    if hasFramedBody(request.headers), request.headers[.expect]?.lowercased() == "100-continue" {
      connection?.askForBody()
    }
    let buffer = try await request.collectBody(upTo: limit)
    return Array(buffer.readableBytesView)
  }
}
