import HTTPTypes
import Hummingbird
import MPPCore
import MPPServer
import NIOCore

extension PaymentResponse {
  /// A problem document of the adapter itself.
  init(problem: PaymentProblem) {
    var headers = HTTPFields()
    headers[.contentType] = ProtocolHeaders.problemContentType
    headers[.cacheControl] = "no-store"
    self.init(
      status: problem.status, headers: headers, body: Array(problem.body().serialized().utf8))
  }

  /// `HEAD` gets the head alone; 204 has no length.
  func response(for method: HTTPRequest.Method) -> Response {
    var headers = headers
    headers[.contentLength] = String(body.count)
    let isBodyless = method == .head || body.isEmpty
    var response = Response(
      status: HTTPResponse.Status(code: status, reasonPhrase: Self.reason(status)), headers: headers,
      body: isBodyless ? ResponseBody() : ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    if status == 204 { response.headers[.contentLength] = nil }
    return response
  }

  private static func reason(_ status: Int) -> String {
    switch status {
    case 402: "Payment Required"
    default: HTTPResponse.Status(code: status).reasonPhrase
    }
  }
}
