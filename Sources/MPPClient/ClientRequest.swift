public import HTTPTypes

/// A request as an application makes it. To be paid for it must be replayable: it is repeated with a credential.
public struct ClientRequest: Sendable {
  public var method: HTTPRequest.Method
  /// Absolute URL; in a session also an absolute path.
  public var url: String
  public var headers: HTTPFields
  /// nil: no body, or a ``stream``.
  public var body: [UInt8]?
  /// A body that is produced while it is sent; takes the place of `body`.
  public var stream: RequestStream?

  public init(
    _ method: HTTPRequest.Method, _ url: String, headers: HTTPFields = [:], body: [UInt8]? = nil,
    stream: RequestStream? = nil
  ) {
    self.method = method
    self.url = url
    self.headers = headers
    self.body = body
    self.stream = stream
  }

  public static func get(_ url: String, headers: HTTPFields = [:]) -> ClientRequest {
    ClientRequest(.get, url, headers: headers)
  }

  public static func post(_ url: String, headers: HTTPFields = [:], body: [UInt8]) -> ClientRequest {
    ClientRequest(.post, url, headers: headers, body: body)
  }

  public static func post(_ url: String, headers: HTTPFields = [:], stream: RequestStream) -> ClientRequest {
    ClientRequest(.post, url, headers: headers, stream: stream)
  }
}

/// What a request ended with.
public struct PaidResponse: Sendable {
  public let status: HTTPResponse.Status
  public let headers: HTTPFields
  public let body: ResponseBody
  /// What was paid; nil when the response was free.
  public let payment: PaymentSummary?

  public init(
    status: HTTPResponse.Status, headers: HTTPFields, body: ResponseBody, payment: PaymentSummary? = nil
  ) {
    self.status = status
    self.headers = headers
    self.body = body
    self.payment = payment
  }

  /// The checked receipt of this request's payment.
  public var receipt: PaymentReceipt? { payment?.receipt }
}
