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
  consuming func response(for method: HTTPRequest.Method) -> Response {
    headers[.contentLength] = status == 204 ? nil : String(body.count)
    let isBodyless = method == .head || body.isEmpty
    return Response(
      status: status == 402 ? Self.paymentRequired : HTTPResponse.Status(code: status), headers: headers,
      body: isBodyless ? ResponseBody() : ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
  }

  /// Made once, with the reason that `HTTPTypes` does not know.
  private static let paymentRequired = HTTPResponse.Status(code: 402, reasonPhrase: "Payment Required")
}
